import { Table as Lines, Text } from "@mantine/core";
import { clock, duration, figure } from "../format";
import { past, unitOf } from "./readout";
import type { Digest } from "./summary";
import type { Absent, Burr, Mark, Series } from "./types";

interface Told {
  title: string;
  series: Series[];
  digests: (Digest | undefined)[];
  burrs: Burr[];
  range: [number, number];
  unit: string;
  rightUnit?: string;
}

const inside = <T extends { start: number; end: number }>(all: T[], range: [number, number]) => all.filter((x) => x.end >= range[0] && x.start <= range[1]);

/** A chart in words, for those who do not see it. */
export function describe({ title, help, series, digests, burrs, absent, range, unit, rightUnit }: Told & { help?: string; absent: Absent[] }): string {
  const lines = series.map((s, i) => {
    const d = digests[i];
    const of = unitOf(s, unit, rightUnit);
    return d ? `${s.label}: ${figure(d.least, of)} to ${figure(d.greatest, of)}, ${figure(d.mean, of)} on average` : `${s.label}: not measured`;
  });
  const burring = inside(burrs, range);
  const missing = inside(absent, range);
  return [
    help, `${title} from ${clock(range[0])} to ${clock(range[1])}.`, `${lines.join("; ")}.`,
    burring.length > 0 && `${burring.slice(0, 10).map((b) => b.label).join("; ")}${burring.length > 10 ? ` and ${burring.length - 10} more` : ""}.`,
    missing.length > 0 && `${missing.slice(0, 5).map((a) => `${a.label}, ${clock(a.start)} to ${clock(a.end)}`).join("; ")}.`,
  ].filter(Boolean).join(" ");
}

/** The same as figures. */
export function Table({ title, series, digests, burrs, marks, range, unit, rightUnit, zone }: Told & { marks: Mark[]; zone: string }) {
  const burring = inside(burrs, range);
  const happened = marks.filter((m) => m.time >= range[0] && m.time <= range[1]).sort((a, b) => a.time - b.time);
  return (
    <div className="chart-table" role="region" aria-label={`${title} as a table`} tabIndex={0}>
      <Lines verticalSpacing={3} horizontalSpacing="sm" fz="xs">
        <Lines.Caption ta="left" fz="xs">{clock(range[0])} – {clock(range[1])}, {duration(range[1] - range[0])}, {zone}</Lines.Caption>
        <Lines.Thead><Lines.Tr><Lines.Th>Line</Lines.Th><Lines.Th ta="right">Least</Lines.Th><Lines.Th ta="right">Mean</Lines.Th><Lines.Th ta="right">Greatest</Lines.Th><Lines.Th ta="right">at</Lines.Th></Lines.Tr></Lines.Thead>
        <Lines.Tbody>
          {series.map((s, i) => {
            const d = digests[i];
            const of = unitOf(s, unit, rightUnit);
            const cell = (v: number | undefined) => <Lines.Td ta="right" className="num" data-bad={v !== undefined && past(v, s.limit) ? "" : undefined}>{figure(v, of)}</Lines.Td>;
            return <Lines.Tr key={`${s.label}${i}`}><Lines.Td>{s.label}</Lines.Td>{cell(d?.least)}{cell(d?.mean)}{cell(d?.greatest)}<Lines.Td ta="right" className="num">{clock(d?.at)}</Lines.Td></Lines.Tr>;
          })}
        </Lines.Tbody>
      </Lines>
      {burring.length > 0 && <ul>{burring.slice(0, 200).map((b) => <li key={`${b.start}${b.label}`}>{b.label}</li>)}</ul>}
      {happened.length > 0 && <ul>{happened.slice(0, 200).map((m) => <li key={m.id}><span className="num">{clock(m.time)}</span> {m.label}</li>)}</ul>}
      {burring.length > 200 || happened.length > 200 ? <Text size="xs" c="dimmed">The first 200 of each: zoom in for the rest.</Text> : null}
    </div>
  );
}
