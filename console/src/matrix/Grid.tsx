import { Anchor, Portal, Text } from "@mantine/core";
import { type FocusEvent, type KeyboardEvent, memo, type MouseEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link } from "react-router";
import type { Matrix, MatrixCell } from "../api/match";
import { Parts, Sign } from "./Parts";
import { cellText, type Kind, kindNames, nameOf, partShort } from "./words";

export interface GridProps {
  m: Matrix;
  /** Places of users, in the order of rows and columns. */
  order: number[];
  kinds: Kind[];
  /** The page of the two ends of a cell. */
  link: (cell: MatrixCell) => string;
  /** Users whose row or column a sentence above is about. */
  receivers: Set<number>;
  senders: Set<number>;
}

/** So many columns have room for figures, and so many for names that lie. */
const wide = 5;
const roomy = 8;
const cardId = "matrix-card";

interface Open { receiver: number; sender: number; at: DOMRect }

/**
 * Rows receive, columns send. One cell takes part in tabbing, the arrows move
 * between cells, and Enter opens the two ends.
 */
export function Grid({ m, order, kinds, link, receivers, senders }: GridProps) {
  // Who was told of and sent no data receives nothing that could be known.
  const rows = order.filter((u) => m.users[u]?.sessions.length);
  const columns = order;
  const cells = new Map(m.cells.map((c) => [`${c.receiver}:${c.sender}`, c]));
  const dense = columns.length > roomy;
  const figures = columns.length <= wide;
  const width = dense ? Math.max(14 * kinds.length, 26) : figures ? 104 * kinds.length : 46 * Math.max(kinds.length, 1.6);
  const [tab, setTab] = useState<[number, number]>([0, 0]); // row and column, by their order
  const [open, setOpen] = useState<Open>();
  const closing = useRef<ReturnType<typeof setTimeout>>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const row = Math.min(tab[0], rows.length - 1);
  const column = Math.min(tab[1], columns.length - 1);

  const show = useCallback((target: EventTarget) => {
    const el = (target as HTMLElement).closest<HTMLElement>("[data-at]");
    const [receiver, sender] = (el?.dataset.at ?? "").split(":").map(Number);
    clearTimeout(closing.current);
    if (!el || receiver === undefined || sender === undefined || !el.dataset.some) { setOpen(undefined); return; }
    setOpen({ receiver, sender, at: el.getBoundingClientRect() });
  }, []);
  // The pointer may go from the cell to its card.
  const leave = useCallback(() => { closing.current = setTimeout(() => setOpen(undefined), 150); }, []);
  useEffect(() => () => clearTimeout(closing.current), []);
  useEffect(() => {
    if (!open) return;
    const close = () => setOpen(undefined);
    const key = (e: globalThis.KeyboardEvent) => { if (e.key === "Escape") close(); };
    window.addEventListener("scroll", close, true);
    window.addEventListener("keydown", key);
    return () => { window.removeEventListener("scroll", close, true); window.removeEventListener("keydown", key); };
  }, [open]);

  const move = (e: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], ArrowDown: [row + 1, column], ArrowUp: [row - 1, column],
      Home: [e.ctrlKey ? 0 : row, 0], End: [e.ctrlKey ? rows.length - 1 : row, columns.length - 1],
      PageDown: [row + 5, column], PageUp: [row - 5, column],
    };
    const to = steps[e.key];
    if (!to) return;
    e.preventDefault();
    const r = Math.min(Math.max(to[0], 0), rows.length - 1);
    const c = Math.min(Math.max(to[1], 0), columns.length - 1);
    setTab([r, c]);
    const el = box.current?.querySelector<HTMLElement>(`[data-place="${r}:${c}"]`);
    el?.focus();
    el?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const focus = (e: FocusEvent) => {
    const [r, c] = ((e.target as HTMLElement).dataset.place ?? "").split(":").map(Number);
    if (r !== undefined && c !== undefined) setTab([r, c]);
    show(e.target);
  };

  const opened = open && cells.get(`${open.receiver}:${open.sender}`);
  return (
    <>
      <div className="matrix" data-dense={dense} ref={box} style={{ "--cell": `${width}px`, "--height": dense ? "26px" : "38px" } as React.CSSProperties}>
        <table role="grid" aria-label="Who hears and sees whom: rows receive, columns send" aria-rowcount={rows.length + 1} aria-colcount={columns.length + 1}
          onKeyDown={move} onFocus={focus} onBlur={leave} onMouseOver={(e: MouseEvent) => show(e.target)} onMouseLeave={leave}>
          <thead>
            <tr role="row">
              <th role="columnheader" scope="col" className="matrix-corner">receives ↓<br />from →</th>
              {columns.map((u) => (
                <th role="columnheader" scope="col" key={u} data-about={senders.has(u)} title={nameOf(m.users[u])}>
                  <span className="matrix-name" dir="auto">{nameOf(m.users[u])}</span>
                  {!m.users[u]?.sessions.length && <span className="matrix-name muted" style={{ fontSize: 11 }}>no data</span>}
                  {!dense && <span className="matrix-kinds" aria-hidden>{kinds.map((k) => <span key={k}>{kindNames[k]}</span>)}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((receiver, r) => (
              <tr role="row" key={receiver}>
                <th role="rowheader" scope="row" data-about={receivers.has(receiver)} title={nameOf(m.users[receiver])} dir="auto">{nameOf(m.users[receiver])}</th>
                {columns.map((sender, c) => {
                  const cell = cells.get(`${receiver}:${sender}`);
                  const shown = cell && kinds.some((k) => cell[k]) ? cell : undefined;
                  return (
                    <Cell key={sender} cell={shown} to={shown && link(shown)} at={`${receiver}:${sender}`} place={`${r}:${c}`} self={receiver === sender} kinds={kinds} figures={figures}
                      label={cellText(m, shown, receiver, sender, kinds)} tab={r === row && c === column} described={open?.receiver === receiver && open.sender === sender} />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {opened && open && (
        <Card at={open.at} onEnter={() => clearTimeout(closing.current)} onLeave={leave}>
          <Text size="sm" fw={600}>{nameOf(m.users[open.receiver])} receives {nameOf(m.users[open.sender])}</Text>
          <Parts cell={opened} kinds={kinds} />
          <Anchor component={Link} to={link(opened)} size="xs" tabIndex={-1} mt={8} style={{ display: "inline-block" }}>Open end to end (click, or Enter on the cell)</Anchor>
        </Card>
      )}
    </>
  );
}

interface CellProps { cell?: MatrixCell; to?: string; at: string; place: string; self: boolean; kinds: Kind[]; figures: boolean; label: string; tab: boolean; described: boolean }

const Cell = memo(function Cell({ cell, to, at, place, self, kinds, figures, label, tab, described }: CellProps) {
  if (!cell || !to) {
    return (
      <td role="gridcell" data-at={at} data-place={place} tabIndex={tab ? 0 : -1} aria-label={label}>
        <span className={self ? "matrix-empty matrix-self" : "matrix-empty"} aria-hidden>{self ? "" : "·"}</span>
      </td>
    );
  }
  return (
    <td role="gridcell">
      <Link to={to} className="matrix-cell" data-at={at} data-some="true" data-place={place} tabIndex={tab ? 0 : -1} aria-label={label} aria-describedby={described ? cardId : undefined}>
        {kinds.map((k) => {
          const p = cell[k];
          return p ? <Sign key={k} level={p.level} figure={figures ? partShort(p) : undefined} /> : <span key={k} className="matrix-empty" aria-hidden>·</span>;
        })}
      </Link>
    </td>
  );
}, (a, b) => a.cell === b.cell && a.to === b.to && a.label === b.label && a.tab === b.tab && a.described === b.described && a.place === b.place && a.kinds === b.kinds && a.figures === b.figures);

interface CardProps { at: DOMRect; children: React.ReactNode; onEnter: () => void; onLeave: () => void }

/** The figures of one cell, beside it. */
function Card(props: CardProps) {
  return <Portal><Placed {...props} /></Portal>;
}

/** Below its cell, else beside it: never beyond the window, nor over what stands above the matrix. */
function Placed({ at, children, onEnter, onLeave }: CardProps) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number }>();
  useLayoutEffect(() => {
    const { width, height } = box.current?.getBoundingClientRect() ?? { width: 300, height: 300 };
    const left = Math.max(8, Math.min(at.left, window.innerWidth - width - 8));
    if (at.bottom + 4 + height < window.innerHeight) setPlace({ left, top: at.bottom + 4 });
    else setPlace({ left: at.right + 4 + width < window.innerWidth ? at.right + 4 : Math.max(8, at.left - width - 4), top: Math.max(8, window.innerHeight - height - 8) });
  }, [at, children]);
  return (
    <div className="matrix-card" id={cardId} role="tooltip" ref={box} style={place ?? { left: at.left, top: at.bottom + 4, visibility: "hidden" }} onMouseEnter={onEnter} onMouseLeave={onLeave}>{children}</div>
  );
}
