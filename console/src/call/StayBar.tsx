import { clock, duration } from "../format";

export interface Stay { start: number; end: number | null }

/** The parts of bounds in which somebody was there, in percent. */
export function segments(stays: Stay[], bounds: [number, number]): { left: number; width: number; live: boolean }[] {
  const length = bounds[1] - bounds[0] || 1;
  return stays.flatMap((s) => {
    const from = Math.max(s.start, bounds[0]);
    const to = Math.min(s.end ?? bounds[1], bounds[1]);
    return to < from ? [] : [{ left: ((from - bounds[0]) / length) * 100, width: ((to - from) / length) * 100, live: s.end === null }];
  });
}

/** When a user was in the room: blue while there, grey while not. The same is told in words. */
export function StayBar({ stays, bounds, now }: { stays: Stay[]; bounds: [number, number]; now: number }) {
  const text = stays.map((s) => `${clock(s.start)} – ${s.end === null ? "still there" : clock(s.end)} (${duration((s.end ?? now) - s.start)})`).join(", ");
  return (
    <div className="stay" role="img" aria-label={`In the room: ${text}`} title={text}>
      {segments(stays, bounds).map((s) => <span key={s.left} data-live={s.live} style={{ left: `${s.left}%`, width: `${s.width}%` }} />)}
    </div>
  );
}
