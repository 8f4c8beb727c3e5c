import { memo } from "react";
import { clock, figure } from "../format";
import { groupOf } from "./plot";
import { unitOf } from "./readout";
import { rove } from "./rove";
import type { Absent, Burr, Limit, Series } from "./types";

interface Group { name: string; series: { s: Series; n: number }[] }

/** The lines by name with what they read; a click hides one, with shift all others. */
export const Legend = memo(function Legend({ series, hidden, onToggle, onLight }: { series: Series[]; hidden: Set<string>; onToggle: (group: string, alone: boolean) => void; onLight: (group: string | null) => void }) {
  const groups: Group[] = [];
  series.forEach((s, n) => {
    const name = groupOf(s);
    const open = groups.find((g) => g.name === name);
    if (open) open.series.push({ s, n }); else groups.push({ name, series: [{ s, n }] });
  });
  const many = groups.length > 6;
  const word = (s: Series) => (!many ? s.short : s.mirrored ? "▼" : s.short === "video" ? "▲" : s.short);
  return (
    <div className="legend" data-many={many || undefined} role="toolbar" aria-label="Lines" onKeyDown={rove}>
      {groups.map((g, i) => {
        const first = g.series[0]?.s as Series;
        return (
          <button type="button" key={g.name} className="legend-item" data-grouped={g.series[0]?.s.group !== undefined || undefined} tabIndex={i === 0 ? 0 : -1} aria-pressed={!hidden.has(g.name)} title="Click hides or shows, Shift and click shows alone"
            onClick={(e) => onToggle(g.name, e.shiftKey)} onMouseEnter={() => onLight(groups.length > 1 ? g.name : null)} onMouseLeave={() => onLight(null)} onFocus={(e) => onLight(groups.length > 1 && e.target.matches(":focus-visible") ? g.name : null)} onBlur={() => onLight(null)}>
            <span className="legend-swatch" data-dashed={g.series.length === 1 && first.dashed} style={{ backgroundColor: first.color }} />
            <span className="legend-name" dir="auto">{g.name}</span>
            {g.series.map(({ s, n }) => (
              <span key={n} className="legend-value">
                {s.short && <span className="muted">{word(s)}</span>}
                <span className="num" data-cell={n} />
              </span>
            ))}
          </button>
        );
      })}
    </div>
  );
});

/** What hatches, combs and red parts mean, where there are any. */
export function Keys({ series, absent, burrs, burrName = "Stood still", range, unit, rightUnit }: { series: Series[]; absent: Absent[]; burrs: Burr[]; burrName?: string; range: [number, number]; unit: string; rightUnit?: string }) {
  const inside = <T extends { start: number; end: number }>(all: T[]) => all.filter((x) => x.end >= range[0] && x.start <= range[1]);
  const hatched = [...new Set(inside(absent).map((a) => a.label))];
  const burring = inside(burrs);
  const limits = new Set(series.flatMap((s) => (s.limit ? [bound(s.limit, unitOf(s, unit, rightUnit))] : [])));
  if (hatched.length + burring.length + limits.size === 0) return null;
  return (
    <div className="chart-keys">
      {burring.length > 0 && <span><i className="key-burr" />{burrName}{burring.length === 1 ? `, once, at ${clock(burring[0]?.start)}` : `, ${burring.length} times`}</span>}
      {[...limits].map((limit) => <span key={limit}><i className="key-limit" />Red {limit}</span>)}
      {hatched.map((label) => <span key={label}><i className="key-absent" />{label}</span>)}
    </div>
  );
}

/** A limit in words; that of a millisecond means that any at all is too much. */
const bound = (limit: Limit, unit: string) => (limit.worse === "above" && limit.at <= 1 && unit === "ms" ? "where there is any" : `${limit.worse} ${figure(limit.at, unit)}`);
