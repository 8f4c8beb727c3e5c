import { Alert, Button, Stack } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { Link } from "react-router";
import { listLink } from "./range";
import type { State } from "./peculiar";

/** What is particular about the call; warnings first, the rest as notes. */
export function States({ states, app, onTrace, onForget }: { states: State[]; app: number; onTrace: () => void; onForget: () => void }) {
  if (states.length === 0) return null;
  const action = (s: State) => {
    switch (s.action) {
      case "trace": return <Button size="compact-xs" variant="default" onClick={onTrace}>To the API trace</Button>;
      case "forget": return <Button size="compact-xs" variant="default" onClick={onForget}>Show the call without them</Button>;
      case "import": return <Button component={Link} to={listLink(app)} size="compact-xs" variant="default">Import dumps in the call list</Button>;
      default: return null;
    }
  };
  const notes = states.filter((s) => s.tone === "info");
  return (
    <Stack gap="xs" role="status" aria-label="About this call">
      {states.filter((s) => s.tone === "warning").map((s) => (
        <Alert key={s.id} color="yellow" icon={<IconAlertTriangle size={18} />} title={s.title} py="xs" data-state={s.id} styles={{ title: { color: "var(--fair)" }, icon: { color: "var(--fair)" } }}>
          {s.text}{s.action && <div style={{ marginTop: 8 }}>{action(s)}</div>}
        </Alert>
      ))}
      {notes.map((s) => (
        <div key={s.id} className="note" data-state={s.id}>
          <IconInfoCircle size={15} aria-hidden /><span><strong>{s.title}.</strong> {s.text} {s.action && <span style={{ marginLeft: 4 }}>{action(s)}</span>}</span>
        </div>
      ))}
    </Stack>
  );
}
