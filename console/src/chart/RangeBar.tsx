import { Group, Text } from "@mantine/core";
import { clock, duration, zone } from "../format";

export interface RangeBarProps {
  /** The part of time shown, Unix ms; absent: the whole call, or its first five hours. */
  range?: [number, number];
  /** All that there is. */
  bounds: [number, number];
  /** undefined: back to the whole. */
  onRange: (range: [number, number] | undefined) => void;
  /** The call goes on: offers its last minutes, and to move along with it. */
  live?: boolean;
}

/** The part of a call that is looked at, and the ways to another one. */
export function RangeBar({ range, bounds }: RangeBarProps) {
  const [from, to] = range ?? bounds;
  return <Group gap="xs"><Text size="xs" c="dimmed" className="num">Current time range: {clock(from)} – {clock(to)}, {duration(to - from)} ({zone(new Date(from))})</Text></Group>;
}
