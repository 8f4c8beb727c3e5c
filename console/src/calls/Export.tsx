import { Alert, Button, CloseButton, Group, Menu, Paper, Progress, Stack, Text } from "@mantine/core";
import { IconCheck, IconFileSpreadsheet, IconTableExport } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { exportCalls, type Exported, type Exporting, type Format, type Instants } from "../api/calls";
import { count, figure, zone } from "../format";
import type { Filters } from "./filters";

type State = { at: "asking" | "coming"; format: Format; told?: Exporting } | { at: "done"; made: Exported } | { at: "failed"; why: string };

/** Hands a file to the browser as a download. */
function save(name: string, file: Blob) {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The calls that match as a file, in the order shown; tells how far it is, and what is not in it. */
export function Export({ app, filters, range, disabled }: { app: number; filters: Filters; range: Instants; disabled: boolean }) {
  const [state, setState] = useState<State>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (format: Format) => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    setState({ at: "asking", format });
    try {
      const made = await exportCalls(app, filters, range, format, own.signal, (told) => { if (!own.signal.aborted) setState({ at: "coming", format, told }); });
      save(made.name, made.file);
      setState({ at: "done", made });
    } catch (e) {
      if (!own.signal.aborted) setState({ at: "failed", why: e instanceof Error ? e.message : String(e) });
    }
  };
  const close = () => { running.current?.abort(); setState(undefined); };

  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target><Button size="xs" variant="default" leftSection={<IconTableExport size={16} aria-hidden />} disabled={disabled}>Export</Button></Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Every call that matches, times in {zone()}</Menu.Label>
          <Menu.Item leftSection={<IconFileSpreadsheet size={16} aria-hidden />} onClick={() => void start("xlsx")}>Excel (XLSX)</Menu.Item>
          <Menu.Item leftSection={<IconTableExport size={16} aria-hidden />} onClick={() => void start("csv")}>CSV</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {state && (
        <Paper className="exporting" p="sm" role="status" aria-label="Export">
          {state.at === "failed" && <Alert color="red" title="The calls could not be exported" withCloseButton closeButtonLabel="Close" onClose={close}>{state.why}</Alert>}
          {state.at === "done" && (
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <IconCheck size={18} color="var(--mantine-color-teal-6)" style={{ flex: "none", marginTop: 2 }} aria-hidden />
              <Stack gap={2} style={{ minWidth: 0, flex: 1 }}>
                <Text size="sm" fw={550}>{count(state.made.rows)} {state.made.rows === 1 ? "call" : "calls"} saved</Text>
                <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{state.made.name}</Text>
                {state.made.rows < state.made.total && <Text size="xs">These are the first of {count(state.made.total)}: an export holds no more. Narrow the filters for the rest.</Text>}
              </Stack>
              <CloseButton size="sm" aria-label="Close" onClick={close} />
            </Group>
          )}
          {(state.at === "asking" || state.at === "coming") && <Running state={state} cancel={close} />}
        </Paper>
      )}
    </>
  );
}

function Running({ state, cancel }: { state: { format: Format; told?: Exporting }; cancel: () => void }) {
  const { told } = state;
  const share = told?.rows !== undefined && told.of ? Math.min(1, Math.max(0, told.rows / told.of)) : undefined;
  return (
    <Stack gap={8}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={550}>{told?.of ? `Exporting ${count(told.of)} ${told.of === 1 ? "call" : "calls"}…` : "Counting the calls…"}</Text>
        <Button size="compact-xs" variant="default" onClick={cancel}>Cancel</Button>
      </Group>
      <Progress size="sm" value={share === undefined ? 100 : share * 100} animated={share === undefined} striped={share === undefined} aria-label="Progress of the export" />
      {told && <Text size="xs" c="dimmed" className="num">{share === undefined ? "" : `${Math.floor(share * 100)} %, `}{figure(told.bytes, "B")}</Text>}
    </Stack>
  );
}
