import { ActionIcon, Alert, Button, Code, Group, Modal, Paper, SegmentedControl, Select, SimpleGrid, Stack, Switch, Table, Text, Textarea, TextInput, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCircleCheck, IconCircleX, IconKey, IconPlus, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { TokenCheck } from "../api/client";
import { type TokenWish, useAddPublicKey, useAppSecret, useCheckToken, useIssueToken, usePublicKeys, useRevokePublicKey, useRotateSecret } from "../api/queries";
import { dateTime } from "../format";
import { Copy } from "./Embed";

/** What an app's tokens are signed with, and a tool that makes and checks them. */
export function Tokens({ app, admin }: { app: number; admin: boolean }) {
  return (
    <Stack gap="xl">
      <Text size="sm" c="dimmed" maw={720}>A token says who a client is: your back end signs one when it lets a user into a room, your page hands it on. Clients with a token are who it says, whatever else they tell.</Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="xl">
        <Stack gap="xl">
          {admin && <Secret app={app} />}
          <PublicKeys app={app} admin={admin} />
        </Stack>
        <Stack gap="xl">
          <Make app={app} />
          <Check app={app} />
        </Stack>
      </SimpleGrid>
    </Stack>
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
      <Text size="xs" c="dimmed" mb="xs">Signs JWTs with HS256, and UserSigs. Keep it in your back end; never put it into a page.</Text>
      {(rotate.error ?? secret.error) && <Alert color="red" p="xs" mb="xs">{(rotate.error ?? secret.error)?.message}</Alert>}
      {shown && secret.data
        ? <Group gap="xs" wrap="nowrap"><Code style={{ overflowWrap: "anywhere" }}>{secret.data.secret}</Code><Copy value={secret.data.secret} label="Copy the secret" /></Group>
        : <Button size="xs" variant="default" leftSection={<IconKey size={15} />} loading={shown && secret.isPending} onClick={show.open}>Show the secret</Button>}
    </div>
  );
}

function PublicKeys({ app, admin }: { app: number; admin: boolean }) {
  const keys = usePublicKeys(app);
  const revoke = useRevokePublicKey(app);
  const [adding, add] = useDisclosure();
  const error = keys.error ?? revoke.error;
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>Public keys</Text>
        {admin && <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={14} />} onClick={add.open}>Add</Button>}
      </Group>
      <Text size="xs" c="dimmed" mb="xs">Check JWTs with ES256: the private half never leaves your back end, and no secret is shared.</Text>
      {error && <Alert color="red" p="xs" mb="xs">{error.message}</Alert>}
      {keys.data?.length === 0 && <Text size="xs">None. Where the app secret is enough, none is needed.</Text>}
      <Stack gap="xs">
        {keys.data?.map((k) => (
          <Paper key={k.id} p="xs" style={{ opacity: k.revoked ? 0.6 : 1 }}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <div style={{ minWidth: 0 }}>
                <Text size="sm" truncate mb={2}>{k.name}</Text>
                <Code td={k.revoked ? "line-through" : undefined} style={{ overflowWrap: "anywhere" }}>{k.keyId}</Code>
                <Text size="xs" c="dimmed" mt={4} className="num">{k.revoked ? `Revoked ${dateTime(k.revoked)}` : `Since ${dateTime(k.created)}`}</Text>
              </div>
              <Group gap={2} wrap="nowrap">
                <Copy value={k.pem} label="Copy as PEM" />
                {admin && !k.revoked && <Tooltip label="Revoke: tokens that it signed are refused"><ActionIcon variant="subtle" color="gray" aria-label={`Revoke ${k.keyId}`} onClick={() => { if (window.confirm(`Revoke ${k.keyId}? Tokens that it signed are refused from then on.`)) revoke.mutate(k.id); }}><IconTrash size={15} /></ActionIcon></Tooltip>}
              </Group>
            </Group>
          </Paper>
        ))}
      </Stack>
      <Modal opened={adding} onClose={add.close} title="Add a public key"><AddKey app={app} onDone={add.close} /></Modal>
    </div>
  );
}

function AddKey({ app, onDone }: { app: number; onDone: () => void }) {
  const add = useAddPublicKey(app);
  const [form, setForm] = useState({ name: "", keyId: "", key: "" });
  return (
    <form onSubmit={(e) => { e.preventDefault(); add.mutate(form, { onSuccess: onDone }); }}>
      <Stack>
        {add.isError && <Alert color="red" p="sm">{add.error.message}</Alert>}
        <Textarea label="Public key" description="P-256, as PEM or JWK" required autosize minRows={5} maxRows={10} data-autofocus styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
          placeholder={"-----BEGIN PUBLIC KEY-----\n…"} value={form.key} onChange={(e) => setForm({ ...form, key: e.currentTarget.value })} />
        <TextInput label="Key id" description="How tokens name it in their header kid" placeholder="Made from the key where left empty" maxLength={128} value={form.keyId} onChange={(e) => setForm({ ...form, keyId: e.currentTarget.value })} />
        <TextInput label="Name" placeholder="Back end" maxLength={100} value={form.name} onChange={(e) => setForm({ ...form, name: e.currentTarget.value })} />
        <Group justify="flex-end"><Button type="submit" loading={add.isPending}>Add</Button></Group>
      </Stack>
    </form>
  );
}

const lives = [["300", "5 minutes"], ["3600", "1 hour"], ["86400", "1 day"], ["2592000", "30 days"]] as const;

function Make({ app }: { app: number }) {
  const issue = useIssueToken(app);
  const [wish, setWish] = useState<TokenWish>({ form: "jwt", room: "", user: "", userName: "", expiresIn: 3600, oneTime: false });
  const set = (part: Partial<TokenWish>) => setWish((w) => ({ ...w, ...part }));
  const signature = wish.form === "usersig";
  return (
    <form onSubmit={(e) => { e.preventDefault(); issue.mutate({ ...wish, oneTime: wish.oneTime && !signature }); }}>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>Make a token</Text>
        <SegmentedControl size="xs" aria-label="Form" value={wish.form} onChange={(form) => set({ form: form as TokenWish["form"] })} data={[{ value: "jwt", label: "JWT" }, { value: "usersig", label: "UserSig" }]} />
      </Group>
      <Text size="xs" c="dimmed" mb="xs">To try things out. What your back end does by itself is in the documentation of ways in.</Text>
      <Stack gap="xs">
        <SimpleGrid cols={2} spacing="xs">
          <TextInput size="xs" label="Room" placeholder="Any" maxLength={256} value={wish.room} onChange={(e) => set({ room: e.currentTarget.value })} />
          <TextInput size="xs" label="User" placeholder={signature ? "alice" : "Any"} required={signature} maxLength={256} value={wish.user} onChange={(e) => set({ user: e.currentTarget.value })} />
          {!signature && <TextInput size="xs" label="User's name" maxLength={256} value={wish.userName} onChange={(e) => set({ userName: e.currentTarget.value })} />}
          <Select size="xs" label="Good for" allowDeselect={false} value={String(wish.expiresIn)} onChange={(v) => set({ expiresIn: Number(v) })} data={lives.map(([value, label]) => ({ value, label }))} />
        </SimpleGrid>
        {!signature && <Switch size="xs" label="For one session only" checked={wish.oneTime} onChange={(e) => set({ oneTime: e.currentTarget.checked })} />}
        {issue.isError && <Alert color="red" p="xs">{issue.error.message}</Alert>}
        <Group><Button size="xs" type="submit" loading={issue.isPending}>Make</Button></Group>
        {issue.data && (
          <Paper p="xs" bg="var(--mantine-color-default-hover)">
            <Group wrap="nowrap" gap="xs" align="flex-start" justify="space-between">
              <Code style={{ overflowWrap: "anywhere", background: "none" }}>{issue.data.token}</Code>
              <Copy value={issue.data.token} label="Copy the token" />
            </Group>
            <Text size="xs" c="dimmed" mt={4}>Good until {dateTime(issue.data.expires)}</Text>
          </Paper>
        )}
      </Stack>
    </form>
  );
}

function Check({ app }: { app: number }) {
  const check = useCheckToken(app);
  const [token, setToken] = useState("");
  return (
    <form onSubmit={(e) => { e.preventDefault(); check.mutate(token); }}>
      <Text size="sm" fw={600}>Check a token</Text>
      <Text size="xs" c="dimmed" mb="xs">Says what is in it and whether it would be let in now. It is not used up.</Text>
      <Stack gap="xs">
        <Textarea size="xs" aria-label="Token" placeholder="eyJ…" required autosize minRows={2} maxRows={6} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }} value={token} onChange={(e) => { setToken(e.currentTarget.value); check.reset(); }} />
        {check.isError && <Alert color="red" p="xs">{check.error.message}</Alert>}
        <Group><Button size="xs" variant="default" type="submit" loading={check.isPending}>Check</Button></Group>
        {check.data && <Checked of={check.data} />}
      </Stack>
    </form>
  );
}

function Checked({ of: c }: { of: TokenCheck }) {
  const says = c.claims && ([
    ["Room", c.claims.roomName ? `${c.claims.roomName} (${c.claims.room})` : c.claims.room], ["User", c.claims.userName ? `${c.claims.userName} (${c.claims.user ?? "no id"})` : c.claims.user],
    ["Session", c.claims.session], ["Expires", c.claims.expires ? dateTime(c.claims.expires) : "never"], ["Signed with", c.claims.key ? `public key ${c.claims.key}` : "the app secret"],
    ["One-time id", c.claims.id], ["Used by session", c.usedBy],
  ] as const).filter(([, v]) => v);
  return (
    <Paper p="sm" role="status">
      <Group gap={8} wrap="nowrap" align="flex-start">
        {c.accepted ? <IconCircleCheck size={18} color="var(--mantine-color-teal-6)" style={{ flex: "none" }} aria-hidden /> : <IconCircleX size={18} color="var(--mantine-color-red-6)" style={{ flex: "none" }} aria-hidden />}
        <div>
          <Text size="sm">{c.accepted ? (c.usedBy ? "Only the session that has used it would be let in." : "It would be let in.") : c.message}</Text>
          {c.code && <Code>{c.code}</Code>}
        </div>
      </Group>
      {says && says.length > 0 && (
        <Table mt="xs" verticalSpacing={2} withRowBorders={false}>
          <Table.Tbody>{says.map(([name, value]) => <Table.Tr key={name}><Table.Td c="dimmed" w={120}>{name}</Table.Td><Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td></Table.Tr>)}</Table.Tbody>
        </Table>
      )}
    </Paper>
  );
}
