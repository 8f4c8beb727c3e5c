import { Badge, Box, Text, Tooltip } from "@mantine/core";
import type { Reason } from "../api/client";
import { none } from "../format";

// Mantine's own are too pale on their grounds to be read by everybody.
const inks: Record<string, string> = {
  teal: "light-dark(#05603f, var(--mantine-color-teal-3))", yellow: "light-dark(#6b4700, var(--mantine-color-yellow-3))", red: "light-dark(#a31b1b, var(--mantine-color-red-3))",
};

const bands = [{ from: 8, word: "Good", color: "teal" }, { from: 6, word: "Fair", color: "yellow" }, { from: 0, word: "Poor", color: "red" }] as const;

/** What a score from 0 to 10 means, in a word and a colour. */
export function scoreBand(score: number): { word: string; color: string } {
  const band = bands.find((b) => score >= b.from) ?? bands[2];
  return { word: band.word, color: band.color };
}

/** Why there is no score. */
export const noScore = "No score: who could not be heard or seen has none, nor who received nothing to judge";

/** What a score means where no reason is at hand that lowered it. */
export const scoreAlone = (score: number): string => (score >= 9.95 ? `${scoreBand(score).word}: nothing lowered it` : scoreBand(score).word);

/** A score from 0 to 10; what lowered it stands in the tooltip where it is known. */
export function Score({ value, reasons = [], size = "md" }: { value: number | null | undefined; reasons?: Reason[]; size?: "md" | "xl" }) {
  if (value === null || value === undefined) {
    return <Tooltip label={noScore}><Text span size="sm" c="dimmed">{none}</Text></Tooltip>;
  }
  const { word, color } = scoreBand(value);
  const why = reasons.length === 0 ? scoreAlone(value) : (
    <>{word}, lowered by{reasons.map((r) => <Box key={r.id} component="span" display="block">−{r.points.toFixed(1)} {r.text}</Box>)}</>
  );
  return (
    <Tooltip label={why}>
      {size === "xl"
        ? <Box className="score" data-color={color} aria-label={`Score ${value.toFixed(1)} of 10, ${word}`}><span className="score-number">{value.toFixed(1)}</span><span className="score-word">{word}</span></Box>
        : <Badge variant="light" color={color} tt="none" miw={48} style={{ flex: "none", "--badge-color": inks[color] }} className="num" aria-label={`Score ${value.toFixed(1)} of 10, ${word}`}>{value.toFixed(1)}</Badge>}
    </Tooltip>
  );
}
