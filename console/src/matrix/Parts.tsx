import { Text } from "@mantine/core";
import type { MatrixCell } from "../api/match";
import { basisWords, type Kind, kindNames, type Level, levels, partFigures } from "./words";

/** The sign of a level, drawn and not read: what it means stands beside it, or in the label of what holds it. */
export function Sign({ level, figure }: { level: Level; figure?: string }) {
  return <span className="matrix-sign" data-level={level} data-sign={levels[level].sign} data-figure={figure} aria-hidden />;
}

/** What one user receives of another: level, reason, figures, and what tells that it is theirs. */
export function Parts({ cell, kinds }: { cell: MatrixCell; kinds: Kind[] }) {
  return kinds.map((k) => {
    const p = cell[k];
    if (!p) return null;
    return (
      <div className="matrix-part" key={k}>
        <Sign level={p.level} />
        <div><Text span size="sm" fw={550}>{kindNames[k]}: {levels[p.level].name.toLowerCase()}</Text>{p.reason && <Text size="xs">{p.reason}</Text>}</div>
        <dl>
          {partFigures(p).map(([name, value]) => <div key={name} style={{ display: "contents" }}><dt>{name}</dt><dd>{value}</dd></div>)}
          {p.streams.length > 1 && <><dt>Streams</dt><dd>{p.streams.length}, together</dd></>}
        </dl>
        <Text size="xs" c="dimmed" style={{ gridColumn: 2 }}>Known by: {basisWords[p.basis]}</Text>
      </div>
    );
  });
}
