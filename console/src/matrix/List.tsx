import { Group, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Matrix, MatrixCell } from "../api/match";
import { figure } from "../format";
import { Sign } from "./Parts";
import { badness, type Kind, kindNames, levels, nameOf } from "./words";

/** The matrix on a phone: for each user what comes of each other one, the worst first. */
export function List({ m, order, kinds, link }: { m: Matrix; order: number[]; kinds: Kind[]; link: (cell: MatrixCell) => string }) {
  const rows = order.filter((u) => m.users[u]?.sessions.length);
  const worst = (c: MatrixCell) => Math.max(0, ...kinds.map((k) => (c[k] ? badness[c[k].level] : 0)));
  return (
    <div className="matrix-list">
      {rows.map((receiver) => {
        const cells = m.cells.filter((c) => c.receiver === receiver && kinds.some((k) => c[k])).sort((a, b) => worst(b) - worst(a) || order.indexOf(a.sender) - order.indexOf(b.sender));
        const bad = cells.filter((c) => worst(c) > 0).length;
        return (
          <details key={receiver} open={rows.length <= 6 || bad > 0}>
            <summary><span style={{ overflowWrap: "anywhere" }}>{nameOf(m.users[receiver])} receives <Text span size="sm" c="dimmed" fw={400}>{cells.length === 0 ? "nothing" : bad ? `${bad} of ${cells.length} not good` : `${cells.length}, none badly`}</Text></span></summary>
            {cells.map((c) => (
              <Link key={c.sender} to={link(c)} className="matrix-row">
                <Text size="sm" fw={550} mb={4} style={{ overflowWrap: "anywhere" }}>{nameOf(m.users[c.sender])}{!m.users[c.sender]?.sessions.length && <Text span size="xs" c="dimmed"> sent no data</Text>}</Text>
                {kinds.map((k) => {
                  const p = c[k];
                  return p && (
                    <Group key={k} gap={8} wrap="nowrap" align="flex-start" mb={2}>
                      <Sign level={p.level} />
                      <Text size="xs" className="num" style={{ whiteSpace: "normal" }}>{kindNames[k]}: {levels[p.level].name.toLowerCase()}{p.reason ? `, ${p.reason}` : p.stutterShare !== null || p.loss !== null ? `, ${figure(p.stutterShare, "ratio")} in stutters, ${figure(p.loss, "ratio")} lost` : ""}</Text>
                    </Group>
                  );
                })}
              </Link>
            ))}
          </details>
        );
      })}
    </div>
  );
}
