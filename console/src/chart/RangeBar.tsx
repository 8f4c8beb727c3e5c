import { ActionIcon, Button, Group, Menu, Popover, Stack, Switch, Text, TextInput, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconClock, IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import "./chart.css";
import { clock, dateTime, duration, zone } from "../format";
import { zoomed } from "./align";
import { capped, fault, localInput, longest, shifted } from "./range";

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

const lasts: [string, number][] = [["Last 5 min", 300_000], ["Last 15 min", 900_000], ["Last 1 h", 3_600_000]];

/** The part of a call that is looked at, and the ways to another one. */
export function RangeBar({ range, bounds, onRange, live = false }: RangeBarProps) {
  const shown: [number, number] = range ?? [bounds[0], Math.min(bounds[1], bounds[0] + longest)];
  const [from, to] = shown;
  const length = to - from;
  const whole = bounds[1] - bounds[0] <= longest;
  const [follows, setFollows] = useState(false);

  // Follows the call's end by what is shown, until someone looks elsewhere.
  const last = useRef<string | null>(null);
  const move = (next: [number, number] | undefined) => { last.current = null; setFollows(false); onRange(next); };
  const follow = (ms: number) => {
    const next: [number, number] = [Math.max(bounds[1] - ms, bounds[0]), bounds[1]];
    last.current = next.join();
    setFollows(true);
    onRange(next);
  };
  const kept = useRef(length);
  if (!follows) kept.current = length;
  const act = useRef(onRange);
  act.current = onRange;
  const key = range?.join();
  useEffect(() => {
    if (!follows || !live) return;
    if (last.current !== null && key !== undefined && key !== last.current) {
      // A chart was zoomed: that is what the viewer wants to see now.
      const [a, b] = last.current.split(",").map(Number) as [number, number];
      const [c, d] = (key.split(",") as [string, string]).map(Number) as [number, number];
      if (Math.abs(a - c) > 2_500 || Math.abs(b - d) > 2_500) { setFollows(false); return; }
    }
    const ms = kept.current;
    const next: [number, number] = [Math.max(bounds[1] - ms, bounds[0]), bounds[1]];
    last.current = next.join();
    act.current(next);
    // The end of the call moves each second; key is looked at with it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [follows, live, bounds[1]]);

  const step = (by: number) => move(shifted(shown, bounds, by));
  return (
    <Group gap="xs" wrap="wrap" className="range-bar" role="group" aria-label="Current time range">
      <Group gap={2} wrap="nowrap">
        <Tooltip label={`Back by ${duration(length, true)}`}><ActionIcon variant="default" size={30} aria-label={`Back by ${duration(length, true)}`} disabled={from <= bounds[0]} onClick={() => step(-length)}><IconChevronLeft size={16} /></ActionIcon></Tooltip>
        <Times shown={shown} bounds={bounds} onRange={move} />
        <Tooltip label={`On by ${duration(length, true)}`}><ActionIcon variant="default" size={30} aria-label={`On by ${duration(length, true)}`} disabled={to >= bounds[1]} onClick={() => step(length)}><IconChevronRight size={16} /></ActionIcon></Tooltip>
      </Group>
      <ActionIcon.Group>
        <Tooltip label="Zoom out"><ActionIcon variant="default" size={30} aria-label="Zoom out" disabled={from <= bounds[0] && to >= bounds[1]} onClick={() => move(capped(zoomed(shown, bounds, (from + to) / 2, 2)))}><IconZoomOut size={16} /></ActionIcon></Tooltip>
        <Tooltip label="Zoom in"><ActionIcon variant="default" size={30} aria-label="Zoom in" disabled={length <= 5_000} onClick={() => move(zoomed(shown, bounds, (from + to) / 2, 0.5))}><IconZoomIn size={16} /></ActionIcon></Tooltip>
      </ActionIcon.Group>
      <Tooltip label={whole ? "Shows the whole call (double click on a chart)" : "The call is longer than the 5 hours a view can be: shows its start"}>
        <Button size="xs" variant="default" className="range-whole" leftSection={<IconZoomReset size={14} />} disabled={range === undefined} onClick={() => move(undefined)}><span className="range-word">{whole ? "Whole call" : "First 5 h"}</span></Button>
      </Tooltip>
      {live && (
        <>
          <Menu position="bottom-start" withArrow>
            <Menu.Target><Button size="xs" variant="default" leftSection={<IconClock size={14} />}>Last…</Button></Menu.Target>
            <Menu.Dropdown>{lasts.map(([name, ms]) => <Menu.Item key={name} onClick={() => { kept.current = ms; follow(ms); }}>{name}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
          <Tooltip label="The range moves along with the call"><Switch size="xs" label="Follow" checked={follows || range === undefined} onChange={(e) => { if (e.currentTarget.checked) follow(length); else move([from, to - 1]); }} /></Tooltip>
        </>
      )}
    </Group>
  );
}

function Times({ shown, bounds, onRange }: { shown: [number, number]; bounds: [number, number]; onRange: (r: [number, number]) => void }) {
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const at = [Date.parse(from), Date.parse(to)] as [number, number];
  const wrong = open ? fault(at[0], at[1], bounds) : undefined;
  const [a, b] = shown;
  const sameDay = localInput(a).slice(0, 10) === localInput(b).slice(0, 10);
  const begin = () => { setFrom(localInput(a)); setTo(localInput(b)); setOpen(!open); };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" withArrow shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="xs" variant="default" className="num" onClick={begin}>
          <VisuallyHidden>Current time range: </VisuallyHidden>{sameDay ? clock(a) : dateTime(a)} – {sameDay ? clock(b) : dateTime(b)}<Text span size="xs" c="dimmed" ml={6}>{duration(b - a, true)}</Text>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={(e) => { e.preventDefault(); if (!wrong) { onRange([Math.max(at[0], bounds[0]), Math.min(at[1], bounds[1])]); setOpen(false); } }}>
          <Stack gap="xs">
            <Group gap="xs" align="flex-start" wrap="wrap">
              <TextInput size="xs" type="datetime-local" step={1} label="From" value={from} min={localInput(bounds[0])} max={localInput(bounds[1])} onChange={(e) => setFrom(e.currentTarget.value)} data-autofocus />
              <TextInput size="xs" type="datetime-local" step={1} label="To" value={to} min={localInput(bounds[0])} max={localInput(bounds[1])} onChange={(e) => setTo(e.currentTarget.value)} />
            </Group>
            <Text size="xs" c={wrong ? "red" : "dimmed"} role={wrong ? "alert" : undefined} maw={380}>{wrong ?? `Times are in ${zone(new Date(a))}. Up to 5 hours can be shown at a time.`}</Text>
            <Group justify="flex-end"><Button size="xs" type="submit" disabled={wrong !== undefined}>Show</Button></Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
