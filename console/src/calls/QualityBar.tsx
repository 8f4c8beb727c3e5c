import { Tooltip } from "@mantine/core";
import { type ListedCall, type Slice } from "../api/calls";
import { clock } from "../format";

const words: Record<Slice["level"], string> = { unknown: "Not measured", clear: "Nothing wrong", low: "low", medium: "medium", high: "high" };

export interface Stretch { level: Slice["level"]; label: string; from: number; to: number }

/** Slices that say the same, put together: times are those of the call. */
export function stretches(slices: Slice[], start: number, end: number): Stretch[] {
  const at = (i: number) => start + ((end - start) * i) / slices.length;
  const all: Stretch[] = [];
  slices.forEach((s, i) => {
    const last = all.at(-1);
    if (last && last.level === s.level && last.label === s.label) last.to = at(i + 1);
    else all.push({ level: s.level, label: s.label, from: at(i), to: at(i + 1) });
  });
  return all;
}

const said = (s: Stretch) => (s.label ? `${s.label}, ${words[s.level]}` : words[s.level]);

/** A call's quality over its time, the worst issue of each part: told by height and pattern as well as by colour. */
export function QualityBar({ call }: { call: ListedCall }) {
  const start = Date.parse(call.start);
  const all = stretches(call.slices, start, start + call.durationMs);
  if (all.length === 0) return null;
  const times = (s: Stretch) => `${clock(s.from)}–${clock(s.to)}`;
  const shown = all.length > 8 ? all.filter((s) => s.label) : all;
  const lines = shown.slice(0, 8);
  return (
    <Tooltip label={<>{lines.map((s) => <div key={s.from}><span className="num">{times(s)}</span> {said(s)}</div>)}{shown.length > lines.length && <div>and {shown.length - lines.length} more</div>}</>}>
      <div className="quality-bar" role="img" aria-label={`Quality over the call: ${lines.map((s) => `${times(s)} ${said(s)}`).join("; ")}`}>
        {call.slices.map((s, i) => <span key={i} data-level={s.level} />)}
      </div>
    </Tooltip>
  );
}

/** What the parts of a bar mean. */
export function QualityLegend() {
  return (
    <div className="quality-legend">
      The worst issue of each part of the call's time:
      {([["clear", "nothing wrong"], ["low", "low"], ["medium", "medium"], ["high", "high"], ["unknown", "nobody was measured"]] as const).map(([level, name]) => (
        <div key={level}><span className="quality-bar"><span data-level={level} /></span>{name}</div>
      ))}
    </div>
  );
}
