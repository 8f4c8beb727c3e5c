import { Button, Group, Paper, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconCircleCheck, IconZoomIn } from "@tabler/icons-react";
import { useState } from "react";
import { clock, duration, figure } from "../format";
import type { Finding } from "./reading";

const few = 6;

/** A finding in words: "Packet loss up to 8 % (poor)". */
export function inWords(f: Finding): string {
  const { reading: r, step } = f;
  switch (r.rule) {
    case "drop": return `${r.label} fell by ${figure(f.worst, "ratio")}`;
    case "swing": return `${r.label} swings by ${figure(f.worst, r.unit)}`;
    case "changes": return `${r.label} changed ${f.worst} times`;
    case "constant": return `${r.label}, up to ${figure(f.worst, r.unit)} (${step.word})`;
    default:
      if (r.total) return `${r.label} for ${f.worst < 10_000 ? figure(f.worst / 1000, "s") : duration(f.worst)}`;
      return `${r.label} ${r.worse === "above" ? "up to" : "down to"} ${figure(f.worst, r.unit)} (${step.word})`;
  }
}

/** What the thresholds find in the range, in words: choosing one zooms there. */
export function Standouts({ findings, nameOf, onShow, measured }: { findings: Finding[]; nameOf: (f: Finding) => string; onShow: (f: Finding) => void; measured: boolean }) {
  const [all, setAll] = useState(false);
  const shown = all ? findings : findings.slice(0, few);
  return (
    <Paper component="section" aria-label="What stands out in this range" p="sm">
      <Text component="h2" size="sm" fw={600} mb={4}>What stands out in this range</Text>
      {findings.length === 0 && (
        measured
          ? <Group gap={6}><IconCircleCheck size={17} color="var(--mantine-color-teal-6)" aria-hidden /><Text size="sm">Nothing: all that was measured stays within what is normal.</Text></Group>
          : <Text size="sm" c="dimmed">Nothing was measured here that could be judged.</Text>
      )}
      <ul style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {shown.map((f) => (
          <li key={f.id}>
            <Tooltip label={f.step.why} position="top-start">
              <UnstyledButton className="ends-finding" onClick={() => onShow(f)}>
                <span className="level" data-level={f.step.level} role="img" aria-label={`severity ${f.step.level}`} />
                <Text span size="sm" className="num" style={{ flex: "none" }}>{clock(f.start)}–{clock(f.end)}</Text>
                <Text span size="sm" className="ends-said" style={{ minWidth: 0, flex: "1 1 auto", overflowWrap: "anywhere" }}><Text span size="sm" c="dimmed">{nameOf(f)}: </Text>{inWords(f)}</Text>
                <IconZoomIn size={14} aria-hidden style={{ flex: "none", alignSelf: "center" }} />
              </UnstyledButton>
            </Tooltip>
          </li>
        ))}
      </ul>
      {findings.length > few && <Button size="compact-xs" variant="subtle" mt={4} onClick={() => setAll(!all)}>{all ? "Show fewer" : `Show ${findings.length - few} more`}</Button>}
    </Paper>
  );
}
