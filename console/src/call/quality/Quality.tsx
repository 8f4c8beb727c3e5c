import { Stack } from "@mantine/core";
import type { CallDetail } from "../../api/client";
import { RangeBar } from "../../chart/RangeBar";
import type { View } from "../range";

export interface QualityProps {
  app: number;
  call: CallDetail;
  view: View;
  setView: (v: Partial<View>) => void;
  bounds: [number, number];
  live: boolean;
}

/** What the users of a call received and sent: a card for each, one time axis for all. */
export default function Quality({ view, setView, bounds, live }: QualityProps) {
  return <Stack gap="sm"><RangeBar range={view.range} bounds={bounds} onRange={(range) => setView({ range })} live={live} /></Stack>;
}
