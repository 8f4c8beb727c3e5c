import { ActionIcon, Alert, Badge, Button, Code, Group, Modal, Paper, SimpleGrid, Skeleton, Stack, Switch, Table, Text, TextInput, Title, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconPlus, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { App } from "../api/client";
import { useAppChange, useApps, useAppSecret, useCreateApp, useCreateIngestKey, useDeleteApp, useIngestKeys, useMe, useRevokeIngestKey, useRotateSecret } from "../api/queries";
import { dateTime } from "../format";
import { Copy, Embed } from "./Embed";
import { Thresholds } from "./Thresholds";

/** Apps: each a project whose calls are kept apart from every other's. */
export default function Apps() {
  const apps = useApps();
  const me = useMe();
  const [creating, create] = useDisclosure();
  return (
    <Stack gap="md" maw={980}>
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2} size="h3">Apps</Title>
          <Text size="sm" c="dimmed">An app is a project whose calls are kept apart from every other's.</Text>
        </div>
        {me.data?.admin && <Button size="xs" leftSection={<IconPlus size={16} />} onClick={create.open}>New app</Button>}
      </Group>
      {apps.isPending && <Skeleton h={220} />}
      {apps.isError && <Alert color="red">{apps.error.message}</Alert>}
      {apps.data?.map((app) => <Card key={app.id} app={app} admin={me.data?.admin ?? false} />)}
      <CreateApp opened={creating} onClose={create.close} />
    </Stack>
  );
}

function CreateApp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const create = useCreateApp();
  const [name, setName] = useState("");
  return (
    <Modal opened={opened} onClose={onClose} title="New app">
      <form onSubmit={(e) => { e.preventDefault(); create.mutate(name, { onSuccess: () => { setName(""); onClose(); } }); }}>
        <Stack>
          {create.isError && <Alert color="red" p="sm">{create.error.message}</Alert>}
          <TextInput label="Name" placeholder="Support calls" required maxLength={100} data-autofocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Group justify="flex-end"><Button type="submit" loading={create.isPending}>Create</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Card({ app, admin }: { app: App; admin: boolean }) {
  const change = useAppChange(app.id);
  const remove = useDeleteApp();
  const [deleting, del] = useDisclosure();
  return (
    <Paper p="lg" component="section" aria-label={app.name}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
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
      {change.isError && <Alert mt="sm" color="red" p="sm">{change.error.message}</Alert>}
      <Stack gap="lg" mt="lg">
        <div>
          <Text size="sm" fw={600} mb={6}>Add this line to your page</Text>
          <Embed app={app.id} />
        </div>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
          <IngestKeys app={app.id} admin={admin} />
          {admin && <Secret app={app.id} />}
        </SimpleGrid>
        {admin && <Thresholds app={app.id} />}
      </Stack>
      <Modal opened={deleting} onClose={del.close} title={`Delete ${app.name}?`}>
        <Stack>
          <Text size="sm">The app, its keys and the way to its calls go. This cannot be undone.</Text>
          {remove.isError && <Alert color="red" p="sm">{remove.error.message}</Alert>}
          <Group justify="flex-end"><Button variant="default" onClick={del.close}>Keep it</Button><Button color="red" loading={remove.isPending} onClick={() => remove.mutate(app.id, { onSuccess: del.close })}>Delete</Button></Group>
        </Stack>
      </Modal>
    </Paper>
  );
}

function IngestKeys({ app, admin }: { app: number; admin: boolean }) {
  const keys = useIngestKeys(app);
  const create = useCreateIngestKey(app);
  const revoke = useRevokeIngestKey(app);
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>Ingest keys</Text>
        {admin && <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={14} />} loading={create.isPending} onClick={() => create.mutate()}>Add</Button>}
      </Group>
      <Text size="xs" c="dimmed" mb="xs">Public: pages carry one to say whose calls they are.</Text>
      {(create.error ?? revoke.error) && <Alert color="red" p="xs" mb="xs">{(create.error ?? revoke.error)?.message}</Alert>}
      <Table horizontalSpacing={4}>
        <Table.Tbody>
          {keys.data?.map((k) => (
            <Table.Tr key={k.id} style={{ opacity: k.revoked ? 0.55 : 1 }}>
              <Table.Td><Code td={k.revoked ? "line-through" : undefined}>{k.key}</Code></Table.Td>
              <Table.Td><Text size="xs" c="dimmed">{k.revoked ? `revoked ${dateTime(k.revoked)}` : k.name}</Text></Table.Td>
              <Table.Td ta="right">
                {!k.revoked && (
                  <Group gap={2} justify="flex-end" wrap="nowrap">
                    <Copy value={k.key} label="Copy the key" />
                    {admin && <Tooltip label="Revoke: pages that carry it are refused"><ActionIcon variant="subtle" color="gray" aria-label={`Revoke ${k.key}`} onClick={() => { if (window.confirm(`Revoke ${k.key}? Pages that carry it are refused from then on.`)) revoke.mutate(k.id); }}><IconTrash size={15} /></ActionIcon></Tooltip>}
                  </Group>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Secret({ app }: { app: number }) {
  const [shown, show] = useDisclosure();
  const secret = useAppSecret(app, shown);
  const rotate = useRotateSecret(app);
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>App secret</Text>
        <Button size="compact-xs" variant="subtle" leftSection={<IconRefresh size={14} />} loading={rotate.isPending}
          onClick={() => { if (window.confirm("Make a new secret? Tokens signed with the present one are refused from then on.")) rotate.mutate(); }}>Rotate</Button>
      </Group>
      <Text size="xs" c="dimmed" mb="xs">Signs short-lived tokens in your own back end. Never put it into a page.</Text>
      {(rotate.error ?? secret.error) && <Alert color="red" p="xs" mb="xs">{(rotate.error ?? secret.error)?.message}</Alert>}
      {shown && secret.data
        ? <Group gap="xs" wrap="nowrap"><Code style={{ overflowWrap: "anywhere" }}>{secret.data.secret}</Code><Copy value={secret.data.secret} label="Copy the secret" /></Group>
        : <Button size="xs" variant="default" leftSection={<IconKey size={15} />} loading={shown && secret.isPending} onClick={show.open}>Show the secret</Button>}
    </div>
  );
}
