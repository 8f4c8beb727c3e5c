import { Text } from "@mantine/core";
import type { PartProps } from "../call/range";

/** What happened in the call, by time. */
export default function Events({ call }: PartProps) {
  return <Text size="sm" c="dimmed">{call.sessions} stays.</Text>;
}
