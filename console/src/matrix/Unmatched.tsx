import { Anchor, Paper, Stack, Text, Title } from "@mantine/core";
import type { Matrix } from "../api/match";
import { figure } from "../format";
import { kindNames, levels, nameOf, trialText } from "./words";

/** Where the documentation says how a page tells whose stream is whose. */
const howTo = "https://github.com/peerglass/peerglass/blob/main/docs/collect.md#whose-stream-is-whose";

/** Received streams of which nothing tells who sends them, with what was tried: none is guessed. */
export function Unmatched({ m }: { m: Matrix }) {
  if (m.unmatched.length === 0) return null;
  const whose = (session: string) => nameOf(m.users.find((u) => u.sessions.includes(session)));
  const receivers = [...new Set(m.unmatched.map((s) => s.receiver))];
  return (
    <Paper p="md" component="section" aria-label="Streams without a known sender">
      <Title order={4} size="h6" mb={4}>Streams without a known sender</Title>
      <Text size="sm" c="dimmed" mb="sm">
        They are in nobody’s row above: whose they are is not guessed. A page, or an adapter, can tell whose each stream is: <Anchor href={howTo} target="_blank" rel="noreferrer" inherit underline="always">how to tell it</Anchor>.
      </Text>
      <Stack gap="sm">
        {receivers.map((r) => {
          const streams = m.unmatched.filter((s) => s.receiver === r);
          return (
            <div key={r}>
              <Text size="sm" fw={550} mb={4}>{streams.length === 1 ? "1 stream" : `${streams.length} streams`} that {nameOf(m.users[r])} receives {streams.length === 1 ? "has" : "have"} no known sender</Text>
              <ul className="matrix-loose">
                {streams.map((s) => (
                  <li key={`${s.match.receiver.session}.${s.match.receiver.stream}`}>
                    {kindNames[s.match.kind]}, {levels[s.part.level].name.toLowerCase()}{s.part.reason && ` (${s.part.reason})`}{s.part.bitrate !== null && `, ${figure(s.part.bitrate, "bit/s")}`}:{" "}
                    <Text span size="sm" c="dimmed">{s.match.tried.map((t) => trialText(t, whose)).join("; ")}{s.match.tried.some((t) => t.contradicts) && ": one of the two is wrong"}.</Text>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </Stack>
      {m.unmatchedTotal > m.unmatched.length && <Text size="xs" c="dimmed" mt="sm">The first {m.unmatched.length} of {m.unmatchedTotal}; <code>GET …/matches</code> has them all.</Text>}
    </Paper>
  );
}
