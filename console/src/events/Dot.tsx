import type { HappeningType } from "../api/events";

type Shape = HappeningType["shape"];

const path: Record<Shape, string> = {
  circle: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11Z",
  square: "M3.2 3.2h9.6v9.6h-9.6Z",
  diamond: "M8 1.6 14.4 8 8 14.4 1.6 8Z",
  triangle: "M8 2 14.6 13.4H1.4Z",
};

/** The mark of a type: told by shape as well as by colour. */
export function Dot({ shape, color, size = 14 }: { shape: Shape; color: string; size?: number }) {
  return <svg className="happening-dot" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d={path[shape]} fill={color} /></svg>;
}

/** A rating as stars, and as a number for whoever does not see them. */
export function Stars({ value }: { value: number }) {
  const full = Math.round(value);
  return (
    <span role="img" aria-label={`${value} of 5 stars`} className="happening-stars">
      {[1, 2, 3, 4, 5].map((n) => <span key={n} aria-hidden="true" data-full={n <= full || undefined}>★</span>)}
    </span>
  );
}
