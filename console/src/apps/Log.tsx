import { Alert, Badge, Button, Code, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconEraser } from "@tabler/icons-react";
import type { LogEntry } from "../api/client";
import { useAppLog, useClearAppLog } from "../api/queries";
import { count, dateTime } from "../format";

/** What went wrong for the app's clients: each fault once, with how often and where. */
export function Log({ app, admin }: { app: number; admin: boolean }) {
  const log = useAppLog(app);
  const clear = useClearAppLog(app);
  const error = log.error ?? clear.error;
  return (
    <div>
      <Group justify="space-between" mb={4} wrap="nowrap" align="flex-start">
        <div>
          <Text size="sm" fw={600}>Refused and cut off</Text>
          <Text size="xs" c="dimmed">Clients that were turned away or met a limit, the last first. The same fault from the same pages is counted once.</Text>
        </div>
        {admin && log.data && log.data.length > 0 && (
          <Button size="compact-xs" variant="subtle" leftSection={<IconEraser size={14} />} loading={clear.isPending} style={{ flex: "none" }}
            onClick={() => { if (window.confirm("Empty the log? What goes on comes back into it.")) clear.mutate(); }}>Empty</Button>
        )}
      </Group>
      {error && <Alert color="red" p="xs" my="xs">{error.message}</Alert>}
      {log.isPending && <Skeleton h={120} mt="sm" />}
      {log.data?.length === 0 && (
        <Group gap={8} mt="md" wrap="nowrap"><IconCircleCheck size={18} color="var(--mantine-color-teal-6)" style={{ flex: "none" }} aria-hidden /><Text size="sm">No client was turned away. A page that shows nothing under Calls and nothing here has not reached this server: look at its console.</Text></Group>
      )}
      <Stack gap={0} mt="xs" role="list" aria-label="Log">{log.data?.map((e) => <Entry key={`${e.code} ${e.protocol} ${e.origin}`} of={e} />)}</Stack>
    </div>
  );
}

function Entry({ of: e }: { of: LogEntry }) {
  const where = [e.protocol, e.origin ?? "no page", e.network && `network ${e.network}`, e.session && `session ${e.session}`].filter(Boolean).join(" · ");
  return (
    <div role="listitem" className="log-entry">
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Group gap={8}>
          <Code>{e.code}</Code>
          {e.count > 1 && <Badge size="sm" variant="light" color="gray" tt="none" className="num">{count(e.count)} times</Badge>}
        </Group>
        <Text size="xs" c="dimmed" className="num" title={`First ${dateTime(e.first)}`}>{dateTime(e.last)}</Text>
      </Group>
      <Text size="sm" mt={4} style={{ overflowWrap: "anywhere" }}>{e.message}</Text>
      <Text size="xs" c="dimmed" mt={2} style={{ overflowWrap: "anywhere" }}>{where}{e.count > 1 && ` · since ${dateTime(e.first)}`}</Text>
    </div>
  );
}
