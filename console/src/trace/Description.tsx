import { Alert, Badge, Box, Group, SegmentedControl, Select, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { Copy } from "./Copy";
import { compare, folded, type Line, type Piece, type Section, type SetDescription } from "./descriptions";
import { codecName, extensionName, linesOf, type Media, mediaName } from "./sdp";

type Show = "parts" | "changes" | "text";

/** One session description: what is in it, what differs from another, its text. */
export function DescriptionView({ of }: { of: SetDescription }) {
  const against = useMemo(() => [
    ...(of.before ? [{ value: "before", label: `the ${of.side} one before`, sdp: of.before.sdp }] : []),
    ...(of.made !== undefined ? [{ value: "made", label: "what the browser had made", sdp: of.made }] : []),
    ...(of.offer ? [{ value: "offer", label: "the offer that it answers", sdp: of.offer.sdp }] : []),
  ], [of]);
  const [show, setShow] = useState<Show>(of.before && of.sdp ? "changes" : "parts");
  const [with_, setWith] = useState<string | null>(null);
  const other = against.find((a) => a.value === with_) ?? against[0];
  const sections = useMemo(() => (other && of.sdp ? compare(other.sdp, of.sdp) : []), [other, of.sdp]);
  if (!of.sdp) {
    return <Text size="sm" c="dimmed">{of.type ? `A ${of.type} was set, ` : ""}but its text is not in the trace: the client leaves session descriptions out, or had the browser make it and did not tell what came of it.</Text>;
  }
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs" wrap="wrap">
        <Group gap="xs" wrap="wrap">
          <SegmentedControl size="xs" aria-label="View of the description" value={show} onChange={(v) => setShow(v as Show)}
            data={[{ value: "parts", label: "Contents" }, { value: "changes", label: "Differences", disabled: against.length === 0 }, { value: "text", label: "Text" }]} />
          {show === "changes" && against.length > 1 && <Select size="xs" w={220} aria-label="Compared with" allowDeselect={false} value={other?.value ?? null} onChange={setWith} data={against.map(({ value, label }) => ({ value, label: `from ${label}` }))} />}
          {show === "changes" && against.length === 1 && <Text size="xs" c="dimmed">from {other?.label}</Text>}
        </Group>
        <Group gap="xs">
          {of.made !== undefined && <Tooltip label="What was set is not what createOffer or createAnswer gave: the page, or a library, edited it"><Badge size="sm" variant="light" color="orange" tt="none">edited by the page</Badge></Tooltip>}
          <Copy text={of.sdp.replaceAll("\\r\\n", "\n")} what="the description" />
        </Group>
      </Group>
      {of.cutFrom !== null && <Alert color="yellow" p="xs"><Text size="xs">This description has {of.cutFrom.toLocaleString("en-US")} bytes, of which the trace keeps the beginning: the last m-lines are missing here, and in the differences. The dump has it whole.</Text></Alert>}
      {show === "parts" && <Parts of={of} />}
      {show === "changes" && (other ? <Differences sections={sections} /> : <Text size="sm" c="dimmed">There is no earlier one to compare it with.</Text>)}
      {show === "text" && <pre className="mono trace-pre" tabIndex={0} aria-label="Text of the description">{`type: ${of.type}\n\n${linesOf(of.sdp).join("\n")}`}</pre>}
    </Stack>
  );
}

function Parts({ of }: { of: SetDescription }) {
  const { parsed } = of;
  return (
    <Stack gap="xs">
      <Group gap="md" wrap="wrap">
        <Fact name="Type">{of.type || "–"}</Fact>
        <Fact name="Version">{parsed.version || "–"}</Fact>
        <Fact name="BUNDLE">{parsed.bundles.map((b) => b.join(" ")).join("; ") || "none"}</Fact>
        {parsed.ice.length > 0 && <Fact name="ICE">{parsed.ice.join(", ")}</Fact>}
        {parsed.fingerprint && <Fact name="Fingerprint"><span className="mono">{parsed.fingerprint.slice(0, 26)}…</span></Fact>}
      </Group>
      {parsed.media.length === 0 && <Text size="sm" c="dimmed">It has no m-lines: nothing was negotiated.</Text>}
      {parsed.media.map((m) => <MediaPart key={m.index} m={m} />)}
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <div><Text size="xs" c="dimmed">{name}</Text><Text size="xs" component="div">{children}</Text></div>;
}

function MediaPart({ m }: { m: Media }) {
  const repair = (ssrc: number) => m.groups.find((g) => g.semantics === "FID" && g.ssrcs[1] === ssrc);
  return (
    <details className="sdp-part" open={!m.rejected}>
      <summary>
        <Text span size="sm" fw={600}>{mediaName(m)}</Text>
        <Text span size="sm" c={m.rejected ? "red" : "dimmed"}> {m.rejected ? "refused" : m.direction}</Text>
        {m.codecs[0] && <Text span size="xs" c="dimmed">, {codecName(m.codecs[0])} first</Text>}
        {m.simulcast && <Badge ml={6} size="xs" variant="light" tt="none">simulcast</Badge>}
      </summary>
      <Table.ScrollContainer minWidth={300} type="native">
        <Table verticalSpacing={3} horizontalSpacing="sm" className="sdp-table" withRowBorders={false}>
          <Table.Tbody>
            <Fields name="Protocol">{m.protocol}, port {m.port}</Fields>
            {m.codecs.length > 0 && <Fields name="Codecs">{m.codecs.map((c) => (
              <div key={c.payload}><span className="num mono muted">{c.payload}</span> {codecName(c)}{c.repeats.length > 0 && <span className="muted"> for {c.repeats.join(", ")}</span>}{c.parameters && c.repeats.length === 0 && <span className="mono muted"> {c.parameters}</span>}{c.feedback.length > 0 && <span className="muted"> · {c.feedback.join(", ")}</span>}</div>
            ))}</Fields>}
            {m.extensions.length > 0 && <Fields name="Extensions">{m.extensions.map((e) => <div key={e.id}><span className="num mono muted">{e.id}</span> <span title={e.uri}>{extensionName(e.uri)}</span>{e.direction && <span className="muted"> {e.direction}</span>}</div>)}</Fields>}
            {m.msid && <Fields name="msid"><span className="mono">{m.msid}</span></Fields>}
            {m.sources.length > 0 && <Fields name="SSRCs">{m.sources.map((s) => <div key={s.ssrc}><span className="num mono">{s.ssrc}</span>{repair(s.ssrc) && <span className="muted"> retransmissions of {repair(s.ssrc)?.ssrcs[0]}</span>}{s.cname && <span className="muted"> cname {s.cname}</span>}{s.msid && s.msid !== m.msid && <span className="muted"> msid {s.msid}</span>}</div>)}</Fields>}
            {m.groups.some((g) => g.semantics !== "FID") && <Fields name="Groups">{m.groups.filter((g) => g.semantics !== "FID").map((g) => <div key={g.ssrcs.join()}>{g.semantics} <span className="num mono">{g.ssrcs.join(" ")}</span></div>)}</Fields>}
            {(m.simulcast || m.encodings.length > 0) && <Fields name="Simulcast">{m.simulcast}{m.encodings.map((e) => <div key={e.rid}><span className="mono">{e.rid}</span> <span className="muted">{e.direction} {e.parameters}</span></div>)}</Fields>}
            <Fields name="ICE">{m.ufrag ? <>ufrag <span className="mono">{m.ufrag}</span></> : "–"}{m.setup && <span className="muted"> · DTLS {m.setup}</span>}{m.candidates.length > 0 && <span className="muted"> · {m.candidates.length} candidates{m.endOfCandidates ? ", all of them" : ""}</span>}</Fields>
            {m.candidates.length > 0 && <Fields name="Candidates">{m.candidates.map((c) => <div key={`${c.foundation}${c.address}${c.port}${c.protocol}`} className="mono">{c.type} {c.protocol}{c.tcpType && `/${c.tcpType}`} {c.address}:{c.port} <span className="muted">priority {c.priority}</span></div>)}</Fields>}
            {m.bandwidth !== null && <Fields name="Bandwidth">at most {m.bandwidth} kbit/s</Fields>}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </details>
  );
}

function Fields({ name, children }: { name: string; children: React.ReactNode }) {
  return <Table.Tr><Table.Th scope="row" w={92} fz="xs" fw={500} c="dimmed">{name}</Table.Th><Table.Td fz="xs" style={{ overflowWrap: "anywhere" }}>{children}</Table.Td></Table.Tr>;
}

/** What differs, part by part: side by side where there is room, one below the other on phones. */
export function Differences({ sections }: { sections: Section[] }) {
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const changed = sections.filter((s) => s.change !== "same");
  const alike = sections.length - changed.length;
  if (changed.length === 0) return <Text size="sm">They are the same, line by line.</Text>;
  return (
    <Stack gap="xs">
      {changed.map((s) => <SectionDiff key={s.key} section={s} wide={wide} />)}
      {alike > 0 && <Text size="xs" c="dimmed">Not shown, since nothing changed in them: {sections.filter((s) => s.change === "same").map((s) => s.title).join("; ")}.</Text>}
    </Stack>
  );
}

const words = { added: "new", removed: "gone", changed: "changed", same: "same" } as const;
const colors = { added: "teal", removed: "red", changed: "blue", same: "gray" } as const;

function SectionDiff({ section, wide }: { section: Section; wide: boolean }) {
  const [all, setAll] = useState(false);
  const shown = all ? section.lines : folded(section.lines);
  return (
    <Box className="sdp-part">
      <Group gap="xs" p="6px 10px" wrap="wrap">
        <Text size="sm" fw={600}>{section.title}</Text>
        <Badge size="xs" variant="light" color={colors[section.change]} tt="none">{words[section.change]}</Badge>
        <Text size="xs" style={{ overflowWrap: "anywhere" }}>{section.words.join("; ")}</Text>
      </Group>
      <div className="sdp-diff mono" data-wide={wide} role="group" aria-label={`Differences of ${section.title}`}>
        {shown.map((l, i) => (typeof l === "number"
          ? <button key={`fold${i}`} type="button" className="sdp-fold" onClick={() => setAll(true)}>{l} unchanged {l === 1 ? "line" : "lines"}</button>
          : <DiffLine key={`${i}/${l.after?.[0]?.text ?? l.before?.[0]?.text}`} line={l} wide={wide} />))}
      </div>
    </Box>
  );
}

function DiffLine({ line, wide }: { line: Line; wide: boolean }) {
  const before = <Cell side="before" change={line.change === "added" ? "same" : line.change} pieces={line.before} />;
  const after = <Cell side="after" change={line.change === "removed" ? "same" : line.change} pieces={line.after} />;
  if (wide) return <>{before}{after}</>;
  if (line.change === "same") return after;
  return <>{line.before && before}{line.after && after}</>;
}

function Cell({ side, change, pieces }: { side: "before" | "after"; change: Line["change"]; pieces?: Piece[] }) {
  const mark = change === "same" || !pieces ? " " : side === "before" ? "−" : "+";
  return (
    <div className="sdp-cell" data-side={side} data-mark={mark === " " ? undefined : mark} data-empty={!pieces}>
      <span className="sdp-sign" aria-label={mark === "−" ? "was" : mark === "+" ? "is" : undefined}>{mark}</span>
      <span>{pieces?.map((p, i) => (p.changed ? <mark key={`${i}${p.text}`}>{p.text}</mark> : <span key={`${i}${p.text}`}>{p.text}</span>))}</span>
    </div>
  );
}
