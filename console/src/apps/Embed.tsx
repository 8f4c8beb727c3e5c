import { Anchor, Code, CopyButton, ActionIcon, Group, Paper, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "react-router";
import { useIngestKeys } from "../api/queries";

export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon variant="subtle" color={copied ? "teal" : "gray"} onClick={copy} aria-label={label}>{copied ? <IconCheck size={16} /> : <IconCopy size={16} />}</ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** The one line that a team adds to its page. */
export function Embed({ app }: { app: number }) {
  const keys = useIngestKeys(app);
  const key = keys.data?.find((k) => !k.revoked);
  if (keys.isPending) return null;
  if (!key) return <Text size="sm" c="dimmed">This app has no ingest key in use. Make one under <Anchor component={Link} to={`/apps?app=${app}`}>Apps</Anchor>.</Text>;
  const line = `<script src="${window.location.origin}/sdk.js" data-key="${key.key}"></script>`;
  return (
    <Paper px="sm" py={6} w="100%" bg="var(--mantine-color-default-hover)">
      <Group wrap="nowrap" gap="xs" justify="space-between">
        <Code style={{ overflowX: "auto", background: "none", whiteSpace: "nowrap", flex: 1, textAlign: "left" }} tabIndex={0}>{line}</Code>
        <Copy value={line} label="Copy the line" />
      </Group>
    </Paper>
  );
}
