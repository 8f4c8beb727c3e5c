import { Alert, Button, Collapse, Group, NumberInput, SimpleGrid, Skeleton, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments } from "@tabler/icons-react";
import { useState } from "react";
import type { Threshold } from "../api/client";
import { useChangeThresholds, useThresholds } from "../api/queries";

/** From where figures of an app count and its issues alarm. */
export function Thresholds({ app }: { app: number }) {
  const [shown, { toggle }] = useDisclosure();
  const thresholds = useThresholds(app, shown);
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>Thresholds</Text>
        <Button size="compact-xs" variant="subtle" leftSection={<IconAdjustments size={14} />} aria-expanded={shown} onClick={toggle}>{shown ? "Hide" : "Change"}</Button>
      </Group>
      <Text size="xs" c="dimmed">From where stutter and lag count, and where issues alarm. A change holds for stays that begin after it; <code>peerglass rescore</code> applies it to earlier ones.</Text>
      <Collapse expanded={shown}>
        {thresholds.isError && <Alert mt="sm" color="red" p="xs">{thresholds.error.message}</Alert>}
        {thresholds.data ? <Form key={JSON.stringify(thresholds.data)} app={app} list={thresholds.data} /> : shown && <Skeleton h={160} mt="sm" />}
      </Collapse>
    </div>
  );
}

const people = (t: Threshold, v: number) => (t.unit === "ratio" ? Math.round(v * 10_000) / 100 : v);
const machine = (t: Threshold, v: number) => (t.unit === "ratio" ? v / 100 : v);
const unit = (t: Threshold) => (t.unit === "ratio" ? "%" : t.unit);

function Form({ app, list }: { app: number; list: Threshold[] }) {
  const change = useChangeThresholds(app);
  const [values, setValues] = useState(() => Object.fromEntries(list.map((t) => [t.name, t.value === null ? "" : people(t, t.value)])) as Record<string, number | string>);
  const own = (t: Threshold) => (values[t.name] === "" ? null : machine(t, Number(values[t.name])));
  const changed = list.filter((t) => own(t) !== t.value);
  return (
    <form onSubmit={(e) => { e.preventDefault(); change.mutate(Object.fromEntries(changed.map((t) => [t.name, own(t)]))); }}>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm" mt="sm">
        {list.map((t) => (
          <NumberInput key={t.name} size="xs" label={t.label} suffix={` ${unit(t)}`} placeholder={`${people(t, t.default)} ${unit(t)}`} min={people(t, t.min)} max={people(t, t.max)} clampBehavior="blur"
            value={values[t.name]} onChange={(v) => setValues((all) => ({ ...all, [t.name]: v }))} />
        ))}
      </SimpleGrid>
      {change.isError && <Alert mt="sm" color="red" p="xs">{change.error.message}</Alert>}
      <Group justify="flex-end" mt="sm" gap="xs">
        <Tooltip label="Empties every field: an empty one stands for its default"><Button size="xs" variant="default" onClick={() => setValues(Object.fromEntries(list.map((t) => [t.name, ""])))}>Defaults</Button></Tooltip>
        <Button size="xs" type="submit" disabled={changed.length === 0} loading={change.isPending}>Save</Button>
      </Group>
    </form>
  );
}
