import { Badge, Group, Text } from "@mantine/core";
import type { Call } from "../api/client";

/** Whether a call goes on. */
export function Status({ call }: { call: Pick<Call, "status"> }) {
  return call.status === "active"
    ? <Group gap={8} wrap="nowrap" component="span"><span className="live-dot" /><Text span size="sm" fw={550} style={{ whiteSpace: "nowrap" }}>In progress</Text></Group>
    : <Badge variant="light" color="gray" tt="none" fw={500} style={{ flex: "none" }}>Ended</Badge>;
}
