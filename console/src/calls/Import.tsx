import { Button, FileButton, Group, Modal, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconFileUpload, IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type ReactNode, createContext, useContext, useRef, useState } from "react";
import { Link } from "react-router";
import { type Imported, upload } from "../api/client";

interface Item { id: number; name: string; sent: number; done?: Imported; error?: string }

const ImportContext = createContext<(files: File[]) => void>(() => {});

export function ImportButton(_: { app: number }) {
  const start = useContext(ImportContext);
  return (
    <FileButton multiple onChange={(files) => { if (files.length) start(files); }}>
      {(props) => <Button {...props} size="xs" variant="default" leftSection={<IconFileUpload size={16} />}>Import dumps</Button>}
    </FileButton>
  );
}

/** Takes dumps that are dropped anywhere on the page, one after another. */
export function ImportDrop({ app, children }: { app: number; children: ReactNode }) {
  const [over, setOver] = useState(false);
  const [items, setItems] = useState<Item[]>([]);
  const [shown, setShown] = useState(false);
  const next = useRef(0);
  const queue = useRef(Promise.resolve());
  const queries = useQueryClient();
  const change = (id: number, c: Partial<Item>) => setItems((all) => all.map((i) => (i.id === id ? { ...i, ...c } : i)));

  const start = (files: File[]) => {
    setShown(true);
    for (const file of files) {
      const id = next.current++;
      setItems((all) => [...all, { id, name: file.name, sent: 0 }]);
      queue.current = queue.current.then(async () => {
        try {
          change(id, { done: await upload(app, file, (sent) => change(id, { sent })), sent: 1 });
          await queries.invalidateQueries({ queryKey: ["calls"] });
        } catch (e) {
          change(id, { error: e instanceof Error ? e.message : String(e) });
        }
      });
    }
  };
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    const files = [...e.dataTransfer.files];
    if (files.length) start(files);
  };
  const busy = items.some((i) => !i.done && !i.error);

  return (
    <ImportContext value={start}>
      <div onDragOver={(e) => { if (e.dataTransfer.types.includes("Files")) { e.preventDefault(); setOver(true); } }} onDragLeave={(e) => { if (e.currentTarget === e.target) setOver(false); }} onDrop={drop} style={{ minHeight: "70vh" }}>
        {children}
      </div>
      {over && (
        <div style={{ position: "fixed", inset: 12, zIndex: 300, border: "2px dashed var(--mantine-primary-color-filled)", borderRadius: 12, display: "grid", placeItems: "center", pointerEvents: "none", background: "color-mix(in srgb, var(--mantine-color-body) 82%, transparent)" }}>
          <Stack align="center" gap={6}><IconUpload size={34} stroke={1.4} /><Text fw={600}>Drop dumps to import them</Text></Stack>
        </div>
      )}
      <Modal opened={shown} onClose={() => { setShown(false); if (!busy) setItems([]); }} title="Import" size="lg">
        <Stack>
          {items.map((i) => (
            <div key={i.id}>
              <Group justify="space-between" wrap="nowrap" gap="sm">
                <Text size="sm" truncate fw={500}>{i.name}</Text>
                {i.done
                  ? <Group gap={6} wrap="nowrap"><IconCheck size={16} color="var(--mantine-color-teal-6)" /><Button component={Link} to={`/calls/${i.done.call}?app=${app}`} size="compact-xs" variant="light">Open the call</Button></Group>
                  : !i.error && <Text size="xs" c="dimmed" className="num">{i.sent < 1 ? `${Math.round(i.sent * 100)} %` : "reading it…"}</Text>}
              </Group>
              {i.error
                ? <Group gap={6} mt={4} wrap="nowrap" align="flex-start"><IconAlertTriangle size={16} color="var(--mantine-color-red-6)" style={{ flex: "none", marginTop: 2 }} /><Text size="sm" c="red">{i.error}</Text></Group>
                : !i.done && <Progress mt={6} size="sm" value={Math.max(2, i.sent * 100)} animated={i.sent >= 1} />}
            </div>
          ))}
        </Stack>
      </Modal>
    </ImportContext>
  );
}
