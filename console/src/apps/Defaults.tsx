import { Alert, Button, Group, JsonInput, SimpleGrid, Skeleton, Text } from "@mantine/core";
import { useState } from "react";
import type { DefaultConfig } from "../api/client";
import { useDefaultConfig, useSetDefaultConfig } from "../api/queries";

const examples = {
  peerConnection: `{
  "iceServers": [
    { "urls": "stun:stun.example.org:3478" },
    {
      "urls": "turns:turn.example.org?transport=tcp",
      "username": "…",
      "credential": "…"
    }
  ]
}`,
  media: `{
  "audio": true,
  "video": { "width": { "ideal": 1280 } }
}`,
};

/** What the app's pages make their peer connections and media requests with. */
export function Defaults({ app, admin }: { app: number; admin: boolean }) {
  const config = useDefaultConfig(app);
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>Default configuration</Text>
      <Text size="xs" c="dimmed" mb="sm" maw={760}>Pages that ask for it (<code>on("defaultConfig", …)</code>) get it when they connect, and make their connections with it: change a TURN server here in place of each page. Every page that a key lets in can read it, so give TURN passwords that expire.</Text>
      {config.isError && <Alert color="red" p="xs">{config.error.message}</Alert>}
      {config.isPending && <Skeleton h={200} />}
      {config.data && <Form key={JSON.stringify(config.data)} app={app} admin={admin} config={config.data} />}
    </div>
  );
}

const text = (v: unknown) => (v ? JSON.stringify(v, null, 2) : "");

/** An empty field is none; what is no JSON is for its field to say. */
function parse(t: string): { value: DefaultConfig["media"]; fault?: string } {
  if (t.trim() === "") return { value: null };
  try {
    const value: unknown = JSON.parse(t);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value: value as DefaultConfig["media"] };
    return { value: null, fault: "This must be an object: { … }" };
  } catch (e) {
    return { value: null, fault: `This is no JSON: ${e instanceof Error ? e.message : String(e)}` };
  }
}

function Form({ app, admin, config }: { app: number; admin: boolean; config: DefaultConfig }) {
  const save = useSetDefaultConfig(app);
  const before = { peerConnection: text(config.peerConnection), media: text(config.media) };
  const [now, setNow] = useState(before);
  const parsed = { peerConnection: parse(now.peerConnection), media: parse(now.media) };
  const changed = now.peerConnection !== before.peerConnection || now.media !== before.media;
  const field = (name: "peerConnection" | "media", label: string, description: string) => (
    <JsonInput label={label} description={description} placeholder={examples[name]} readOnly={!admin} autosize minRows={9} maxRows={24} spellCheck={false} formatOnBlur
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }} error={parsed[name].fault} value={now[name]} onChange={(v) => setNow((n) => ({ ...n, [name]: v }))} />
  );
  return (
    <form onSubmit={(e) => { e.preventDefault(); save.mutate({ peerConnection: parsed.peerConnection.value, media: parsed.media.value }); }}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        {field("peerConnection", "Peer connection", "RTCConfiguration, for new RTCPeerConnection(…)")}
        {field("media", "Media", "MediaStreamConstraints, for getUserMedia(…)")}
      </SimpleGrid>
      {save.isError && <Alert mt="sm" color="red" p="xs">{save.error.message}</Alert>}
      {admin && (
        <Group justify="flex-end" mt="sm" gap="xs">
          {now.peerConnection === "" && now.media === "" && <Button size="xs" variant="subtle" onClick={() => setNow(examples)}>Begin with an example</Button>}
          <Button size="xs" type="submit" disabled={!changed || !!parsed.peerConnection.fault || !!parsed.media.fault} loading={save.isPending}>Save</Button>
        </Group>
      )}
    </form>
  );
}
