import { Text } from "@mantine/core";
import type { PartProps } from "../call/range";

/** Who hears and sees whom, and how well. */
export default function Matrix({ call }: PartProps) {
  return <Text size="sm" c="dimmed">{call.people.length} users.</Text>;
}
