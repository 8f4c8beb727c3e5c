import { SegmentedControl, Group, SimpleGrid, Stack, Tabs, Text, Title } from "@mantine/core";
import { useDebouncedValue, useViewportSize } from "@mantine/hooks";
import { memo, useMemo } from "react";
import { useProfile } from "../../api/call";
import { RangeBar } from "../../chart/RangeBar";
import { useRange } from "../../chart/useRange";
import { zone } from "../../format";
import { mediaTabs, type PartProps, shownRange, shownUsers, type Side, userKey } from "../range";
import { Card, Moving } from "./Card";
import { askedRange, cardsAtOnce, columns, pointsBeside } from "./first";
import "./quality.css";

export type QualityProps = PartProps;

const tabNames = { all: "All", video: "Video", audio: "Audio", screen: "Screen sharing" };

/** What the users of a call received and sent: a card for each, one time axis for all. */
export default memo(function Quality({ app, call, view, setView, bounds, live }: PartProps) {
  const [chosen, onRange] = useRange(view.range, (range) => setView({ range }), bounds);
  const range = shownRange({ range: chosen }, bounds);
  // Zooming moves at once on what is there; finer figures are asked for when it rests.
  const [asked] = useDebouncedValue(askedRange(chosen, bounds), 250);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const moving = useMemo(() => ({ range, onRange }), [range[0], range[1], onRange]);
  const users = shownUsers(call, view);
  const seen = useViewportSize();
  const size = { width: seen.width || window.innerWidth, height: seen.height || window.innerHeight };
  const points = pointsBeside(size.width, users.length);
  const first = cardsAtOnce(size, users.length);
  const media = useProfile(app, call.id).data?.media;
  // Until it is known what there is, the tab that the address names is believed.
  const tabs = mediaTabs.filter((t) => t === "all" || (media ? media.some((m) => m.kind === t && m.direction === view.side) : t === view.tab));
  const tab = tabs.includes(view.tab) ? view.tab : "all";

  return (
    <Stack gap="sm" id="charts">
      <div className="flow-bar">
        <Group gap="sm" wrap="wrap">
          <Title order={3} size="h5">{view.side === "receive" ? "Data received" : "Data sent"}</Title>
          <SegmentedControl size="xs" aria-label="Side" value={view.side} onChange={(side) => setView({ side: side as Side })} data={[{ value: "receive", label: "Receiver" }, { value: "send", label: "Sender" }]} />
          <Tabs value={tab} onChange={(t) => setView({ tab: mediaTabs.find((x) => x === t) ?? "all" })} variant="pills" className="flow-tabs">
            <Tabs.List aria-label="Media">
              {tabs.map((t) => <Tabs.Tab key={t} value={t} py={5} px="sm" fz="xs" aria-controls="flow-cards">{tabNames[t]}</Tabs.Tab>)}
            </Tabs.List>
          </Tabs>
        </Group>
        <RangeBar range={chosen} bounds={bounds} onRange={onRange} live={live} />
      </div>
      <Moving value={moving}>
        <SimpleGrid cols={columns(size.width, users.length)} spacing="md" id="flow-cards">
          {users.map((u, n) => <Card key={userKey(u)} app={app} call={call} who={u} side={view.side} tab={tab} asked={asked} points={points} first={n < first} bounds={bounds} setView={setView} />)}
        </SimpleGrid>
      </Moving>
      <Text size="xs" c="dimmed">Times in {zone(new Date(range[0]))}. Wheel, pinch or drag zooms all charts, double click shows the whole; dots are events, a click opens them. Click a name to hide its lines.</Text>
    </Stack>
  );
});
