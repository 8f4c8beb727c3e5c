// What charts are given.
import type { Line } from "./align";

/** One line of a chart with what people read of it. */
export interface Series extends Line {
  label: string;
  color: string;
  dashed?: boolean;
  /** Fills the ground below the line. */
  fill?: boolean;
  /** Which axis it is read on; left unless said. */
  axis?: "left" | "right";
  /** Drawn below zero; the axis and the read-out still say positive values. */
  mirrored?: boolean;
  /** Past it the line is red, and the legend and the read-out say so. */
  limit?: Limit;
  /** Series of one group have one place in the legend, and are hidden together. */
  group?: string;
  /** What the series is within its group: "video". */
  short?: string;
  /** What it is the sum of: told beside its value. */
  parts?: (Line & { label: string })[];
}

/** From where on a value is too bad. */
export interface Limit {
  at: number;
  worse: "above" | "below";
}

/** Something that happened at an instant, shown as a dot on the axis. */
export interface Mark {
  time: number;
  label: string;
  severity: "info" | "warning" | "error";
  id: string;
  /** Unless said, colour and shape follow the severity. */
  color?: string;
  shape?: "circle" | "square" | "diamond" | "triangle";
  /** What kind of event it is: those of one type are counted together where dots lie upon each other. */
  type?: string;
}

/** A part of time in which something was wrong, shaded behind the lines. */
export interface Band {
  start: number;
  end: number;
  label: string;
  level: "low" | "medium" | "high";
  id: string;
}

/** Values that mean something, shaded as a band behind the lines and explained where the pointer rests. */
export interface Zone {
  from?: number;
  to?: number;
  level: "low" | "medium" | "high";
  label: string;
  axis?: "left" | "right";
}

/** A time in which picture or sound stood still: red, from the zero line upwards, or downwards where it is below. */
export interface Burr {
  start: number;
  end: number;
  below?: boolean;
  label: string;
  /** Hidden with the series of this group. */
  group?: string;
}

/** A time about which nothing can be known: not measured, not in the room. */
export interface Absent {
  start: number;
  end: number;
  label: string;
}
