import { ActionIcon, Alert, Badge, Button, Code, Group, Modal, Paper, SimpleGrid, Skeleton, Stack, Switch, Tabs, Text, TextInput, Title, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments, IconCode, IconKey, IconListDetails, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useParameters } from "../params";
import type { App } from "../api/client";
import { useAppChange, useAppLog, useApps, useCreateApp, useDeleteApp, useMe } from "../api/queries";
import { dateTime } from "../format";
import { useApp } from "../Shell";
import { Defaults } from "./Defaults";
import { Embed } from "./Embed";
import { IngestKeys } from "./Keys";
import { Log } from "./Log";
import { Thresholds } from "./Thresholds";
import { Tokens } from "./Tokens";

/** Apps: each a project whose calls are kept apart from every other's. */
export default function Apps() {
  const apps = useApps();
  const me = useMe();
  const { app, choose } = useApp();
  const [creating, create] = useDisclosure();
  const admin = me.data?.admin ?? false;
  return (
    <Stack gap="md" maw={1080}>
      <Group justify="space-between" align="flex-end" wrap="nowrap">
        <div>
          <Title order={2} size="h3">Apps</Title>
          <Text size="sm" c="dimmed">An app is a project whose calls are kept apart from every other's.</Text>
        </div>
        {admin && <Button size="xs" leftSection={<IconPlus size={16} />} onClick={create.open} style={{ flex: "none" }}>New app</Button>}
      </Group>
      {apps.isPending && <Skeleton h={220} />}
      {apps.isError && <Alert color="red">{apps.error.message}</Alert>}
      {apps.data && apps.data.length > 1 && (
        <SimpleGrid cols={{ base: 2, sm: 3, lg: 4 }} spacing="xs" role="group" aria-label="Apps">
          {apps.data.map((a) => (
            <UnstyledButton key={a.id} aria-pressed={a.id === app?.id} className="pick" onClick={() => choose(String(a.id))}>
              <Text size="sm" fw={600} truncate>{a.name}</Text>
              <Text size="xs" c={a.enabled ? "dimmed" : "orange"} className="num">App {a.id}{!a.enabled && ", disabled"}</Text>
            </UnstyledButton>
          ))}
        </SimpleGrid>
      )}
      {apps.data?.length === 0 && <Alert color="gray">{admin ? "There is no app. Make one: its page says what to add to yours." : "No app is open to your account. Ask an administrator for one."}</Alert>}
      {app && <Settings key={app.id} app={app} admin={admin} />}
      <CreateApp opened={creating} onClose={create.close} onMade={(made) => choose(String(made.id))} />
    </Stack>
  );
}

function CreateApp({ opened, onClose, onMade }: { opened: boolean; onClose: () => void; onMade: (app: App) => void }) {
  const create = useCreateApp();
  const [name, setName] = useState("");
  return (
    <Modal opened={opened} onClose={onClose} title="New app">
      <form onSubmit={(e) => { e.preventDefault(); create.mutate(name, { onSuccess: (made) => { setName(""); onClose(); onMade(made); } }); }}>
        <Stack>
          {create.isError && <Alert color="red" p="sm">{create.error.message}</Alert>}
          <TextInput label="Name" placeholder="Support calls" required maxLength={100} data-autofocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Group justify="flex-end"><Button type="submit" loading={create.isPending}>Create</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

const tabs = ["pages", "tokens", "settings", "log"] as const;

/** What one app is set to; which part is shown stands in the address. */
function Settings({ app, admin }: { app: App; admin: boolean }) {
  const [params, setParams] = useParameters();
  const log = useAppLog(app.id);
  const tab = tabs.find((t) => t === params.get("tab")) ?? "pages";
  return (
    <Paper component="section" aria-label={app.name}>
      <Head app={app} admin={admin} />
      <Tabs value={tab} onChange={(t) => setParams((p) => { if (t) p.set("tab", t); return p; }, { replace: true })} keepMounted={false}>
        <Tabs.List px="md" className="tabs">
          <Tabs.Tab value="pages" leftSection={<IconCode size={16} aria-hidden />}>Pages</Tabs.Tab>
          <Tabs.Tab value="tokens" leftSection={<IconKey size={16} aria-hidden />}>Tokens</Tabs.Tab>
          <Tabs.Tab value="settings" leftSection={<IconAdjustments size={16} aria-hidden />}>Settings</Tabs.Tab>
          <Tabs.Tab value="log" leftSection={<IconListDetails size={16} aria-hidden />} rightSection={log.data && log.data.length > 0 ? <Badge size="sm" variant="light" color="orange" className="num">{log.data.length}</Badge> : undefined}>Log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="pages" p="lg">
          <Stack gap="xl">
            <div>
              <Text size="sm" fw={600} mb={6}>Add this line to your page</Text>
              <Embed app={app.id} />
            </div>
            <IngestKeys app={app.id} admin={admin} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="tokens" p="lg"><Tokens app={app.id} admin={admin} /></Tabs.Panel>
        <Tabs.Panel value="settings" p="lg">
          <Stack gap="xl">
            <Defaults app={app.id} admin={admin} />
            {admin && <Thresholds app={app.id} />}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="log" p="lg"><Log app={app.id} admin={admin} /></Tabs.Panel>
      </Tabs>
    </Paper>
  );
}

function Head({ app, admin }: { app: App; admin: boolean }) {
  const change = useAppChange(app.id);
  const remove = useDeleteApp();
  const [deleting, del] = useDisclosure();
  return (
    <>
      <Group justify="space-between" align="flex-start" wrap="nowrap" p="lg" pb="sm">
        <div style={{ minWidth: 0 }}>
          <Group gap="sm">
            <Title order={3} size="h4" style={{ overflowWrap: "anywhere" }}>{app.name}</Title>
            {!app.enabled && <Badge color="orange" variant="light" tt="none">Disabled: takes in nothing</Badge>}
          </Group>
          <Text size="sm" c="dimmed" className="num">App id <Code>{app.id}</Code>, since {dateTime(app.created)}</Text>
        </div>
        {admin && (
          <Group gap="sm" wrap="nowrap">
            <Switch label="Enabled" checked={app.enabled} disabled={change.isPending} onChange={(e) => change.mutate({ enabled: e.currentTarget.checked })} />
            <Tooltip label={app.enabled ? "Only a disabled app can be deleted" : "Delete the app"}>
              <ActionIcon variant="subtle" color="red" aria-label="Delete the app" data-disabled={app.enabled || undefined} onClick={() => { if (!app.enabled) del.open(); }}><IconTrash size={17} /></ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Group>
      {change.isError && <Alert mx="lg" mb="sm" color="red" p="sm">{change.error.message}</Alert>}
      <Modal opened={deleting} onClose={del.close} title={`Delete ${app.name}?`}>
        <Stack>
          <Text size="sm">The app, its keys and the way to its calls go. This cannot be undone.</Text>
          {remove.isError && <Alert color="red" p="sm">{remove.error.message}</Alert>}
          <Group justify="flex-end"><Button variant="default" onClick={del.close}>Keep it</Button><Button color="red" loading={remove.isPending} onClick={() => remove.mutate(app.id, { onSuccess: del.close })}>Delete</Button></Group>
        </Stack>
      </Modal>
    </>
  );
}
