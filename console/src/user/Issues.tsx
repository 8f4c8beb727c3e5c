import { Anchor, Button, Group, Paper, Text } from "@mantine/core";
import { IconZoomIn } from "@tabler/icons-react";
import { useState } from "react";
import type { Issue, Metric } from "../api/client";
import { gravity } from "../call/evidence";
import { evidenceText } from "../call/Findings";
import { clock, duration } from "../format";

const few = 6;

const sources: Record<Issue["source"], string> = { unknown: "", local_user: "this user's side", remote_user: "the other user's side", network: "the network", server: "the server" };

/** What went wrong for this user, the worst first; each leads to its moment on the charts. */
export function UserIssues({ issues, metrics, live, onShow }: { issues: Issue[]; metrics: Metric[]; live: boolean; onShow: (i: Issue) => void }) {
  const [all, setAll] = useState(false);
  const sorted = [...issues].sort((a, b) => gravity[b.severity] - gravity[a.severity] || Date.parse(a.start) - Date.parse(b.start));
  const shown = all ? sorted : sorted.slice(0, few);
  return (
    <Paper p="md" component="section" aria-label="Issues of this user">
      <Text size="sm" fw={600} mb="xs">Issues{issues.length > 0 && <Text span size="sm" fw={400} c="dimmed"> {issues.length}</Text>}</Text>
      {issues.length === 0 && <Text size="sm" c="dimmed">{live ? "None so far." : "None was found in this stay."}</Text>}
      <div className="user-issues" data-all={all}>
        {shown.map((i) => {
          const when = `${clock(i.start)}${i.end === null ? ", lasts" : Date.parse(i.end) > Date.parse(i.start) ? `, ${duration(Date.parse(i.end) - Date.parse(i.start), true)}` : ""}`;
          const told = i.evidence.map((e) => evidenceText(e, metrics)).filter(Boolean).slice(0, 2).join("; ");
          return (
            <div key={i.id}>
              <Group gap={8} wrap="nowrap" justify="space-between">
                <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
                  <span className="level" data-level={i.severity} role="img" aria-label={`severity ${i.severity}`} />
                  <Text size="sm" fw={550} truncate>{i.label}</Text>
                </Group>
                <Anchor component="button" type="button" size="xs" className="num" onClick={() => onShow(i)} aria-label={`${when}: show ${i.label} on the charts`} style={{ whiteSpace: "nowrap" }}>
                  {when} <IconZoomIn size={13} style={{ verticalAlign: -2 }} aria-hidden />
                </Anchor>
              </Group>
              <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{[i.phase === "joining" && "while joining", i.remoteUser && `from ${i.remoteUser}`, i.cause.replaceAll("_", " "), sources[i.source], told].filter(Boolean).join(" · ")}</Text>
            </div>
          );
        })}
      </div>
      {issues.length > few && <Button mt="xs" size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>{all ? "Show fewer" : `Show all ${issues.length}`}</Button>}
    </Paper>
  );
}
