import { ActionIcon, Autocomplete, Box, Button, Collapse, Group, Input, MultiSelect, Paper, RangeSlider, SegmentedControl, Select, TagsInput, Text, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconDoor, IconUser, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type Instants, useCallChoices, useIssueTypes } from "../api/calls";
import { chips, type Filters, type Range, rangeNames, ranges, type Severity, severityNames, unfiltered } from "./filters";

type Set = (change: Partial<Filters>) => void;

/** What the list is narrowed by: what is asked for most in sight, the rest behind a button, and what is on as chips. */
export function FilterBar({ app, filters, range, set }: { app: number; filters: Filters; range: Instants; set: Set }) {
  const [open, more] = useDisclosure();
  const types = useIssueTypes();
  const on = chips(filters, (type) => types.data?.find((t) => t.type === type)?.label ?? type);
  const hidden = on.filter((c) => !["Room", "User", "Status"].includes(c.name)).length;
  return (
    <Box component="section" aria-label="Filters">
      <Group gap="sm" align="flex-end" wrap="wrap">
        <SegmentedControl visibleFrom="md" size="xs" aria-label="Time range" value={filters.range} onChange={(v) => set({ range: v as Range })} data={ranges.map((r) => ({ value: r, label: rangeNames[r] }))} />
        <Select hiddenFrom="md" size="xs" flex="1 1 130px" aria-label="Time range" allowDeselect={false} value={filters.range} onChange={(v) => set({ range: (v ?? "7d") as Range })} data={ranges.map((r) => ({ value: r, label: rangeNames[r] }))} />
        {filters.range === "custom" && (
          <Group gap="xs" wrap="wrap">
            <When label="From" value={filters.from} onChange={(from) => set({ from })} />
            <When label="To" value={filters.to} onChange={(to) => set({ to })} />
            {filters.from !== undefined && filters.to !== undefined && filters.from >= filters.to && <Text size="xs" c="red" role="alert">The end must be after the start.</Text>}
          </Group>
        )}
        <Typed icon={<IconDoor size={14} aria-hidden />} label="Room id" hint="Exact, or the beginning and *: team-*" value={filters.room} onChange={(room) => set({ room })} />
        <Typed icon={<IconUser size={14} aria-hidden />} label="User id" hint="Exact id or name, or the beginning and *: ad*" value={filters.user} onChange={(user) => set({ user })} />
        <Select size="xs" w={130} flex="1 1 110px" maw={150} aria-label="Status" allowDeselect={false} value={filters.status || "all"} onChange={(v) => set({ status: v === "active" || v === "ended" ? v : "" })}
          data={[{ value: "all", label: "Any status" }, { value: "active", label: "In progress" }, { value: "ended", label: "Ended" }]} />
        <Button size="xs" variant={open ? "light" : "default"} leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />} aria-expanded={open} aria-controls="more-filters" onClick={more.toggle}>
          More filters{hidden > 0 && ` (${hidden})`}
        </Button>
      </Group>
      <Collapse expanded={open} id="more-filters"><Paper mt="sm" p="md"><More app={app} filters={filters} range={range} set={set} wanted={open} /></Paper></Collapse>
      {on.length > 0 && (
        <Group gap={6} mt="sm" role="group" aria-label="Active filters">
          {on.map((c) => (
            <Button key={`${c.name} ${c.value}`} size="compact-xs" variant="light" color="gray" radius="xl" fw={500} rightSection={<IconX size={12} aria-hidden />} aria-label={`Remove the filter ${c.name} ${c.value}`} onClick={() => set(c.without)} styles={{ label: { maxWidth: 260, overflow: "hidden", textOverflow: "ellipsis" } }}>
              <span className="call-chip">{c.name} </span>{c.value}
            </Button>
          ))}
          <Button size="compact-xs" variant="subtle" onClick={() => set(unfiltered)}>Clear</Button>
        </Group>
      )}
    </Box>
  );
}

function When({ label, value, onChange }: { label: string; value?: number; onChange: (ms: number | undefined) => void }) {
  return <DateTimePicker size="xs" w={172} placeholder={label} aria-label={label} clearable withSeconds={false} valueFormat="YYYY-MM-DD HH:mm" value={value ? new Date(value) : null} onChange={(v) => onChange(v ? new Date(v).getTime() : undefined)} />;
}

/** Filters that are asked for less often. What the app's calls have is offered. */
function More({ app, filters, range, set, wanted }: { app: number; filters: Filters; range: Instants; set: Set; wanted: boolean }) {
  const types = useIssueTypes();
  const choices = useCallChoices(app, range, wanted).data;
  const [score, setScore] = useState<[number, number]>([filters.minScore, filters.maxScore]);
  useEffect(() => setScore([filters.minScore, filters.maxScore]), [filters.minScore, filters.maxScore]);
  // Asked for when the slider rests: an answer on the way would move it back.
  const scoreLater = useDebouncedCallback(([minScore, maxScore]: [number, number]) => set({ minScore, maxScore }), 300);
  const countries = [...new Set((choices?.regions ?? []).map((r) => r.split(", ")[0] as string))];
  return (
    <div className="call-filters">
      <MultiSelect size="xs" label="Issue" description="Found in the call, any of them" placeholder={filters.issues.length ? "" : "Any type"} searchable clearable value={filters.issues} onChange={(issues) => set({ issues })}
        data={(types.data ?? []).map((t) => ({ value: t.type, label: t.label }))} nothingFoundMessage="No such type" maxDropdownHeight={280} />
      <Select size="xs" label="Worst severity" description={filters.issues.length ? "Of the issues chosen" : "Of any issue"} value={filters.severity || "any"} allowDeselect={false} onChange={(v) => set({ severity: (v === "any" ? "" : v) as Severity })}
        data={[{ value: "any", label: "Any" }, ...(["high", "medium", "low", "none"] as const).map((s) => ({ value: s, label: severityNames[s] }))]} />
      <Input.Wrapper size="xs" label="Score" description={`${score[0]} to ${score[1]} of 10${score[0] > 0 || score[1] < 10 ? ", calls without one left out" : ""}`} labelElement="div">
        <RangeSlider mt={10} mx={6} size="sm" min={0} max={10} step={0.5} minRange={0.5} value={score} onChange={(v) => { setScore(v); scoreLater(v); }}
          thumbFromLabel="Lowest score" thumbToLabel="Highest score" label={(v) => v} marks={[{ value: 0 }, { value: 5 }, { value: 10 }]} />
      </Input.Wrapper>
      <Held label="Key or key=value" hint="What the application attached" value={filters.key} onChange={(key) => set({ key })} data={choices?.keys ?? []} />
      <TagsInput size="xs" label="Country or region" description="Any of them" placeholder={filters.regions.length ? "" : "DE"} clearable acceptValueOnBlur value={filters.regions} onChange={(regions) => set({ regions })} data={[...new Set([...countries, ...(choices?.regions ?? [])])]} maxDropdownHeight={220} />
      <TagsInput size="xs" label="Browser" description="Any of them" placeholder={filters.browsers.length ? "" : "Chrome"} clearable acceptValueOnBlur value={filters.browsers} onChange={(browsers) => set({ browsers })} data={choices?.browsers ?? []} maxDropdownHeight={220} />
      <TagsInput size="xs" label="Operating system" description="Any of them" placeholder={filters.systems.length ? "" : "macOS"} clearable acceptValueOnBlur value={filters.systems} onChange={(systems) => set({ systems })} data={choices?.systems ?? []} maxDropdownHeight={220} />
      <CallId value={filters.call} onChange={(call) => set({ call })} />
    </div>
  );
}

/** Text that is asked for only when typing rests. */
function useTyped(value: string, onChange: (v: string) => void): [string, (v: string) => void] {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const own = useRef(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    if (timer.current !== undefined) {
      if (value === own.current) return; // what was asked for here: since then somebody types on
      clearTimeout(timer.current);
      timer.current = undefined;
    }
    own.current = value;
    setText((t) => (t.trim() === value ? t : value)); // a space at the end may be one between two words
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (v: string) => {
    setText(v);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { timer.current = undefined; own.current = v.trim(); latest.current(own.current); }, 300);
  };
  return [text, type];
}

function Typed({ label, hint, value, onChange, icon }: { label: string; hint: string; value: string; onChange: (v: string) => void; icon: ReactNode }) {
  const [text, type] = useTyped(value, onChange);
  return (
    <TextInput size="xs" flex="1 1 150px" maw={230} leftSection={icon} placeholder={label === "User id" ? "User id or name" : label} title={hint} aria-label={label} value={text} onChange={(e) => type(e.currentTarget.value)}
      rightSection={text && <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Empty ${label}`} onClick={() => type("")}><IconX size={12} /></ActionIcon>} />
  );
}

function Held({ label, hint, value, onChange, data }: { label: string; hint: string; value: string; onChange: (v: string) => void; data: string[] }) {
  const [text, type] = useTyped(value, onChange);
  return <Autocomplete size="xs" label={label} description={hint} placeholder="plan=pro" value={text} onChange={type} data={data} maxDropdownHeight={220} />;
}

const id = /^[0-9a-hjkmnp-tv-z]{13}$/;

function CallId({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const [text, type] = useTyped(value, (v) => { if (v === "" || id.test(v)) onChange(v); });
  const wrong = text.trim() !== "" && !id.test(text.trim());
  return <TextInput size="xs" label="Call id" description="13 letters and digits" placeholder="0a1b2c3d4e5f6" error={wrong && "Not a call's id yet"} value={text} onChange={(e) => type(e.currentTarget.value.toLowerCase())} />;
}
