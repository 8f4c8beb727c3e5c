import { Drawer, Stack, Table, Text, Title } from "@mantine/core";
import { figure } from "../format";
import { type Reading, readings } from "./reading";

const media = { video: "video", audio: "audio", screen: "screen" };

const names: Record<Reading["rule"], string> = { level: "", constant: "", drop: ", a fall", swing: ", swings", changes: ", changes" };

const limitOf = (r: Reading, at: number): string => {
  switch (r.rule) {
    case "drop": return `falls by ${figure(at, "ratio")}`;
    case "swing": return `swings by ${figure(at, r.unit)}`;
    case "changes": return `changes ${at} times`;
    default:
      if (r.total) return at <= 1 ? "any" : `> ${figure(at / 1000, "s")}`;
      return `${r.worse === "above" ? (r.rule === "constant" ? "≥" : ">") : "<"} ${figure(at, r.unit)}`;
  }
};

/** The table by which the charts are drawn and read, for people. */
export function HowToRead({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="lg" title={<Text fw={600}>How to read this</Text>} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="md">
        <Text size="sm">Look at two things first: how the network carried the media, and whether the devices kept up. What is wrong at the sender shows in both halves; what is wrong only below the line between them lies on the way to the receiver, or with the receiver.</Text>
        <Text size="sm">Shaded values behind a line are the zones of this table; past the red one the line is red. Shaded times are issues that Peerglass found. A gap in a line means that nothing was measured, never that it was zero.</Text>
        {(["Network transmission", "Device status"] as const).map((part) => (
          <div key={part}>
            <Title order={3} size="h6" mb={4}>{part}</Title>
            <Table verticalSpacing={6} fz="xs" className="ends-levels">
              <Table.Thead><Table.Tr><Table.Th>Figure</Table.Th><Table.Th>Normal</Table.Th><Table.Th>From</Table.Th><Table.Th>What it means</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {readings.filter((r) => device.has(r.id) === (part === "Device status")).flatMap((r) => r.steps.map((s, i) => (
                  <Table.Tr key={`${r.id}/${s.at}`}>
                    {i === 0 && <Table.Td rowSpan={r.steps.length}><Text size="xs" fw={550}>{r.label}{names[r.rule]}</Text><Text size="xs" c="dimmed">{r.kinds.length === 3 ? "" : r.kinds.map((k) => media[k]).join(", ")}</Text></Table.Td>}
                    {i === 0 && <Table.Td rowSpan={r.steps.length}>{r.normal}</Table.Td>}
                    <Table.Td style={{ whiteSpace: "nowrap" }}><span className="level" data-level={s.level} aria-label={`severity ${s.level}`} role="img" /> {limitOf(r, s.at)}{r.least > 0 && <Text size="xs" c="dimmed">for {r.least / 1000} s</Text>}{r.red === s.at && <Text size="xs" c="red">line turns red</Text>}</Table.Td>
                    <Table.Td>{s.why}{i === r.steps.length - 1 && <Text size="xs" c="dimmed" mt={2}>{r.from}</Text>}</Table.Td>
                  </Table.Tr>
                )))}
              </Table.Tbody>
            </Table>
          </div>
        ))}
        <Text size="sm">Volume is in dB above the smallest step of 16-bit audio, full scale is 90.3 dB. If it changes, the device works: the capturing volume shows that the microphone gives something, the playback volume that something is played.</Text>
        <Text size="sm">Resolution, bit rate and frame rate belong together: at one resolution more bits give a clearer picture, at one bit rate a larger picture is blurrier.</Text>
        <Text size="sm">Client events (joining and leaving, camera and microphone, devices, networks) stand as dots on the first chart of each half; the buttons below it choose which.</Text>
        <Text size="sm">Keys: <kbd>s</kbd> the other direction, <kbd>+</kbd> <kbd>−</kbd> zoom, <kbd>←</kbd> <kbd>→</kbd> move, <kbd>0</kbd> the whole call.</Text>
      </Stack>
    </Drawer>
  );
}

const device = new Set(["cpu-system", "cpu-app", "task", "frame-time", "volume", "resolution"]);
