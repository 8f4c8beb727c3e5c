import { Tooltip } from "@mantine/core";
import { clock, duration } from "../format";

export interface Stay { start: number; end: number | null }

/** When a user was in the room: coloured while there, grey while not. */
export function StayBar({ stays, bounds }: { stays: Stay[]; bounds: [number, number] }) {
  const length = bounds[1] - bounds[0] || 1;
  const text = stays.map((s) => `${clock(s.start)} – ${s.end === null ? "still there" : clock(s.end)} (${duration((s.end ?? bounds[1]) - s.start)})`);
  return (
    <Tooltip label={<>{text.map((t) => <div key={t} className="num">{t}</div>)}</>}>
      <div className="stay" role="img" aria-label={`In the room: ${text.join(", ")}`}>
        {stays.map((s) => (
          <span key={s.start} data-live={s.end === null}
            style={{ left: `${((s.start - bounds[0]) / length) * 100}%`, width: `${(((s.end ?? bounds[1]) - s.start) / length) * 100}%` }} />
        ))}
      </div>
    </Tooltip>
  );
}
