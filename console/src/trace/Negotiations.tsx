import { Badge, Group, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";
import { DescriptionView } from "./Description";
import { type SetDescription, summary } from "./descriptions";
import { at } from "./EventList";
import { codecName } from "./sdp";

/** Every session description that was set, one after another, and what is in the chosen one. */
export function Negotiations({ descriptions, labels, opened, onOpen, since }: {
  descriptions: SetDescription[]; labels: Map<number, string>; opened: string | null; onOpen: (id: string | null) => void; since: number | null;
}) {
  const wide = useMediaQuery("(min-width: 75em)", true, { getInitialValueInEffect: false });
  const briefs = useMemo(() => descriptions.map(brief), [descriptions]);
  const chosen = descriptions.find((d) => d.id === opened) ?? (wide ? descriptions[0] : undefined);
  if (descriptions.length === 0) {
    return <Text p="lg" ta="center" c="dimmed" size="sm">No session description was set in this stay, or its client does not tell of them.</Text>;
  }
  return (
    <div className="sdp-split" data-wide={wide}>
      <div className="sdp-steps" role="list" aria-label="Session descriptions">
        {descriptions.map((d, i) => (
          <div key={d.id} role="listitem">
            <UnstyledButton className="sdp-step" aria-current={d.id === chosen?.id} aria-expanded={wide ? undefined : d.id === chosen?.id} onClick={() => onOpen(!wide && d.id === chosen?.id ? null : d.id)}>
              <Group gap={8} wrap="nowrap">
                <span className="sdp-arrow" data-side={d.side} aria-hidden>{d.side === "local" ? "↑" : "↓"}</span>
                <Text size="sm" fw={550} style={{ whiteSpace: "nowrap" }}>{d.side} {d.type || "description"}</Text>
                <Text size="xs" c="dimmed" truncate>{labels.get(d.connection) ?? ""}</Text>
                <Text size="xs" c="dimmed" className="num mono" ml="auto">{at(d.time, since)}</Text>
              </Group>
              <Text size="xs" c="dimmed" lineClamp={2}>{d.refused && <Text span size="xs" c="red" fw={600}>refused by the browser. </Text>}{d.made !== undefined && <Text span size="xs" className="trace-warn">edited by the page. </Text>}{briefs[i]}</Text>
            </UnstyledButton>
            {!wide && d.id === chosen?.id && <div className="trace-open"><DescriptionView of={d} /></div>}
          </div>
        ))}
      </div>
      {wide && chosen && (
        <div className="sdp-detail">
          <Group gap="xs" mb="xs"><Text size="sm" fw={600}>{chosen.side} {chosen.type}</Text>{labels.get(chosen.connection) && <Badge size="sm" variant="light" color="gray" tt="none">{labels.get(chosen.connection)}</Badge>}<Text size="xs" c="dimmed" className="num">{at(chosen.time, since)}</Text></Group>
          <DescriptionView key={chosen.id} of={chosen} />
        </div>
      )}
    </div>
  );
}

/** What is new in it; of the first, what it has. */
function brief(d: SetDescription): string {
  if (!d.sdp) return "its text is not in the trace";
  if (d.before) return summary(d.before.parsed, d.parsed);
  return d.parsed.media.map((m) => `${m.kind === "application" ? "data" : m.kind} ${m.rejected ? "refused" : m.direction}${m.codecs[0] && !m.rejected ? ` ${codecName(m.codecs[0])}` : ""}`).slice(0, 6).join(" · ") + (d.parsed.media.length > 6 ? ` and ${d.parsed.media.length - 6} more` : "");
}
