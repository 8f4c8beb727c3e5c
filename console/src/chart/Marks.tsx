import { Popover, Text } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { clock } from "../format";
import { type Bundle, bundle } from "./bundle";
import { rove } from "./rove";
import type { Mark } from "./types";

interface MarksProps {
  marks: Mark[];
  range: [number, number];
  /** Of the plot itself, and what lies left of and below it. */
  width: number;
  left: number;
  bottom: number;
  onMark?: (mark: Mark) => void;
}

const usual = {
  info: { color: "#0072b2", shape: "circle" },
  warning: { color: "#e69f00", shape: "diamond" },
  error: { color: "#d62728", shape: "square" },
} as const;

const rank = { info: 0, warning: 1, error: 2 };

/** What a bundle shows of its dots: the gravest of them. */
const gravest = (marks: Mark[]): Mark => marks.reduce((worst, m) => (rank[m.severity] > rank[worst.severity] ? m : worst));

/** Colour and form of a dot. */
export const looks = (m: Pick<Mark, "severity" | "color" | "shape">) => ({ color: m.color ?? usual[m.severity].color, shape: m.shape ?? usual[m.severity].shape });

/** Dots on the axis; those that lie upon each other are one with a number, and open as a list. */
export const Marks = memo(function Marks({ marks, range, width, left, bottom, onMark }: MarksProps) {
  const bundles = useMemo(() => bundle(marks, range, width), [marks, range, width]);
  const [shown, setShown] = useState<{ key: string; held: boolean } | null>(null);
  const keyOf = (b: Bundle<Mark>) => b.items[0]?.id ?? "";
  const open = bundles.find((b) => keyOf(b) === shown?.key);
  const press = (b: Bundle<Mark>) => {
    if (b.items.length === 1) onMark?.(b.items[0] as Mark);
    else setShown({ key: keyOf(b), held: true });
  };
  if (bundles.length === 0) return null;
  return (
    <div className="chart-marks" role="toolbar" aria-label={`Events, ${marks.length}`} onKeyDown={rove} onMouseLeave={() => setShown((s) => (s?.held ? s : null))}>
      {bundles.map((b, i) => {
        const m = gravest(b.items);
        const { color, shape } = looks(m);
        const many = b.items.length > 1;
        return (
          <button type="button" key={keyOf(b)} tabIndex={i === 0 ? 0 : -1} className="chart-mark" data-shape={shape} data-many={many ? m.severity : undefined}
            aria-label={many ? `${b.items.length} events from ${clock(b.items[0]?.time)}` : `${m.label} at ${clock(m.time)}`}
            style={{ left: left + b.left, bottom, "--dot": color } as React.CSSProperties}
            onMouseEnter={() => setShown((s) => (s?.held ? s : { key: keyOf(b), held: false }))}
            onFocus={() => setShown((s) => (s?.held ? s : { key: keyOf(b), held: false }))} onBlur={() => setShown((s) => (s?.held ? s : null))}
            onClick={() => press(b)}>
            {many ? <span className="chart-count">{b.items.length}</span> : <span className="chart-dot" />}
          </button>
        );
      })}
      {open && (
        <Popover opened onChange={(now) => { if (!now) setShown(null); }} position="top" withArrow shadow="md" trapFocus={shown?.held} returnFocus closeOnEscape withinPortal transitionProps={{ duration: 0 }}>
          <Popover.Target><span className="chart-anchor" style={{ left: left + open.left, bottom: bottom + 14 }} /></Popover.Target>
          <Popover.Dropdown p={6} maw={360} style={{ pointerEvents: shown?.held ? "auto" : "none" }}>
            <List marks={open.items} held={shown?.held ?? false} onMark={(m) => { setShown(null); onMark?.(m); }} />
          </Popover.Dropdown>
        </Popover>
      )}
    </div>
  );
});

function List({ marks, held, onMark }: { marks: Mark[]; held: boolean; onMark: (m: Mark) => void }) {
  const most = held ? 100 : 8;
  return (
    <div className="chart-list" role={held ? "menu" : undefined} aria-label={held ? "Events" : undefined} onKeyDown={rove}>
      {marks.slice(0, most).map((m) => {
        const { color, shape } = looks(m);
        const line = <><span className="chart-dot" data-shape={shape} style={{ "--dot": color } as React.CSSProperties} /><span className="num muted">{clock(m.time)}</span><span>{m.label}</span></>;
        return held ? <button type="button" role="menuitem" key={m.id} onClick={() => onMark(m)}>{line}</button> : <div key={m.id}>{line}</div>;
      })}
      {marks.length > most && <Text size="xs" c="dimmed" px={6}>and {marks.length - most} more{held ? ": zoom in" : ": click"}</Text>}
    </div>
  );
}
