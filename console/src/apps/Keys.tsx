import { ActionIcon, Alert, Badge, Button, Code, Group, Modal, Paper, Skeleton, Stack, Switch, TagsInput, Text, TextInput, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil, IconPlus, IconTrash, IconWorld } from "@tabler/icons-react";
import { useState } from "react";
import type { IngestKey } from "../api/client";
import { useChangeIngestKey, useCreateIngestKey, useIngestKeys, useRevokeIngestKey } from "../api/queries";
import { dateTime } from "../format";
import { Copy } from "./Embed";

const any = "*";
const self = "self";

/** The public keys of an app, and which pages may use each. */
export function IngestKeys({ app, admin }: { app: number; admin: boolean }) {
  const keys = useIngestKeys(app);
  const [adding, add] = useDisclosure();
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>Ingest keys</Text>
        {admin && <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={14} />} onClick={add.open}>Add</Button>}
      </Group>
      <Text size="xs" c="dimmed" mb="sm">Public: a page carries one to say whose calls it tells of. Its origins say which pages may use it; clients that are no browsers send none and pass.</Text>
      {keys.isError && <Alert color="red" p="xs" mb="xs">{keys.error.message}</Alert>}
      {keys.isPending && <Skeleton h={90} />}
      {keys.data?.length === 0 && <Text size="sm">There is no key yet, so no page can send. {admin ? "Add one with the origins of your pages." : "Ask an administrator for one."}</Text>}
      <Stack gap="xs">{keys.data?.map((k) => <Key key={k.id} app={app} value={k} admin={admin} />)}</Stack>
      <Modal opened={adding} onClose={add.close} title="New ingest key"><NewKey app={app} onDone={add.close} /></Modal>
    </div>
  );
}

function Key({ app, value: k, admin }: { app: number; value: IngestKey; admin: boolean }) {
  const revoke = useRevokeIngestKey(app);
  const change = useChangeIngestKey(app, k.id);
  const [editing, edit] = useDisclosure();
  return (
    <Paper p="sm" style={{ opacity: k.revoked ? 0.6 : 1 }}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
        <Stack gap={6} style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Code td={k.revoked ? "line-through" : undefined} style={{ overflowWrap: "anywhere" }}>{k.key}</Code>
            <Text size="xs" c="dimmed">{k.revoked ? `${k.name}, revoked ${dateTime(k.revoked)}` : k.name}</Text>
          </Group>
          <Group gap={6}>{k.origins.map((o) => <Origin key={o} value={o} />)}</Group>
        </Stack>
        {!k.revoked && (
          <Group gap={2} wrap="nowrap">
            <Copy value={k.key} label="Copy the key" />
            {admin && <Tooltip label="Change name and origins"><ActionIcon variant="subtle" color="gray" aria-label={`Change ${k.key}`} onClick={edit.open}><IconPencil size={16} /></ActionIcon></Tooltip>}
            {admin && <Tooltip label="Revoke: pages that carry it are refused"><ActionIcon variant="subtle" color="gray" aria-label={`Revoke ${k.key}`} onClick={() => { if (window.confirm(`Revoke ${k.key}? Pages that carry it are refused from then on.`)) revoke.mutate(k.id); }}><IconTrash size={15} /></ActionIcon></Tooltip>}
          </Group>
        )}
      </Group>
      {revoke.isError && <Alert color="red" p="xs" mt="xs">{revoke.error.message}</Alert>}
      <Modal opened={editing} onClose={edit.close} title={<span>Change <Code>{k.key}</Code></span>}>
        <KeyForm name={k.name} origins={k.origins} button="Save" pending={change.isPending} error={change.error} onSubmit={(v) => change.mutate(v, { onSuccess: edit.close })} />
      </Modal>
    </Paper>
  );
}

function Origin({ value }: { value: string }) {
  if (value === any) return <Tooltip label="Any page that has the key can send in your app's name. Name your pages' origins to keep others out."><Badge variant="light" color="orange" tt="none" leftSection={<IconWorld size={12} aria-hidden />}>every page</Badge></Tooltip>;
  if (value === self) return <Tooltip label="Pages that this server itself serves, such as the demo"><Badge variant="light" color="gray" tt="none">this server</Badge></Tooltip>;
  return <Badge variant="default" tt="none" fw={450} maw="100%">{value}</Badge>;
}

function NewKey({ app, onDone }: { app: number; onDone: () => void }) {
  const create = useCreateIngestKey(app);
  return <KeyForm name="" origins={[]} button="Create" pending={create.isPending} error={create.error} onSubmit={(v) => create.mutate(v, { onSuccess: onDone })} />;
}

function KeyForm({ name: was, origins: before, button, pending, error, onSubmit }: { name: string; origins: string[]; button: string; pending: boolean; error: Error | null; onSubmit: (v: { name: string; origins: string[] }) => void }) {
  const [name, setName] = useState(was);
  const [open, setOpen] = useState(before.includes(any));
  const [origins, setOrigins] = useState(before.filter((o) => o !== any));
  return (
    <form onSubmit={(e) => { e.preventDefault(); onSubmit({ name, origins: open ? [any] : origins }); }}>
      <Stack>
        {error && <Alert color="red" p="sm">{error.message}</Alert>}
        <TextInput label="Name" placeholder="Web client" maxLength={100} data-autofocus value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <TagsInput label="Origins" description="Scheme and host of your pages. *. stands for every host below, :* for every port, self for this server's own pages." placeholder={origins.length === 0 ? "https://meet.example.org" : undefined}
          splitChars={[",", " "]} acceptValueOnBlur clearable disabled={open} value={open ? [] : origins} onChange={setOrigins} />
        <Switch label="Every page may use it" description="Whoever finds the key in your page can then use it in another." checked={open} onChange={(e) => setOpen(e.currentTarget.checked)} />
        <Group justify="flex-end"><Button type="submit" loading={pending} disabled={!open && origins.length === 0}>{button}</Button></Group>
      </Stack>
    </form>
  );
}
