import { Badge, Group, Paper, Stack, Text, Tooltip } from "@mantine/core";
import type { Outcome } from "../api/client";
import { duration } from "../format";
import { setUpSteps } from "./figures";

/** From where on a join is too late. */
const late = 5_000;

/** Lengths of a second or so, to the hundredth. */
const fine = (ms: number): string => (ms >= 995 && ms < 9_995 ? `${(ms / 1000).toFixed(2)} s` : duration(ms));

/** How the join went: what came one after another, and when media flowed. */
export function SetUp({ outcome, live }: { outcome?: Outcome; live: boolean }) {
  const steps = outcome ? setUpSteps(outcome) : [];
  const longest = Math.max(...steps.map((s) => s.to), 1);
  const end = longest * 1.02;
  const pushed = outcome && outcome.pushTried - outcome.pushOk;
  const pulled = outcome && outcome.pullTried - outcome.pullOk;
  return (
    <Paper p="md" h="100%" component="section" aria-label="Set-up">
      <Group justify="space-between" mb="xs" wrap="wrap">
        <Text size="sm" fw={600}>Set-up, since the join</Text>
        {outcome?.tried && <Badge size="sm" variant="light" tt="none" color={!outcome.joined ? (live ? "gray" : "red") : outcome.joinedInTime ? "teal" : "orange"}>{!outcome.joined ? (live ? "not joined yet" : "the join failed") : outcome.joinedInTime ? "joined within 5 s" : "joined after more than 5 s"}</Badge>}
      </Group>
      {steps.length === 0
        ? <Text size="sm" c="dimmed">{!outcome ? (live ? "Not known yet: the first seconds are still to come." : "What came of the join was not kept.") : !outcome.tried ? "No connection for media was tried, so there is nothing to time." : live ? "Still joining: nothing is connected yet." : "Nothing was connected, so no part was completed. The API trace shows how far it came."}</Text>
        : (
          <Stack gap={4}>
            {steps.map((s) => (
              <Tooltip key={s.id} label={s.help} openDelay={300}>
                <div className="setup-step">
                  <Text size="xs" c="dimmed">{s.label}</Text>
                  <div className="setup-track" role="img" aria-label={s.instant ? `${s.label} ${fine(s.to)} after the join` : `${s.label}: ${fine(s.to - s.from)}, from ${fine(s.from)} on`}>
                    <span data-step={s.id} data-instant={s.instant} style={s.instant ? { left: `${(s.to / end) * 100}%` } : { left: `${(s.from / end) * 100}%`, width: `${Math.max(((s.to - s.from) / end) * 100, 0.6)}%` }} />
                    {longest > late && <i style={{ left: `${(late / end) * 100}%` }} title="5 s" />}
                  </div>
                  <Text size="xs" className="num" ta="right">{fine(s.instant ? s.to : s.to - s.from)}</Text>
                </div>
              </Tooltip>
            ))}
          </Stack>
        )}
      {outcome && (outcome.pushTried > 0 || outcome.pullTried > 0) && (
        <Text size="xs" c="dimmed" mt="sm">
          {outcome.pushTried > 0 && <>Sent {outcome.pushOk} of {outcome.pushTried} streams{pushed ? <Text span size="xs" c="red"> ({pushed} failed)</Text> : ""}. </>}
          {outcome.pullTried > 0 && <>Received {outcome.pullOk} of {outcome.pullTried}{pulled ? <Text span size="xs" c="red"> ({pulled} failed)</Text> : ""}.</>}
        </Text>
      )}
    </Paper>
  );
}
