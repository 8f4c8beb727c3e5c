import { Alert, Anchor, Group, Select, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { type PartProps, userKey, userLink, userName, userOf } from "../call/range";
import { clock } from "../format";
import { Trace } from "./Trace";

/** The API trace within the call page: of the stay that is chosen here. */
export default function TracePage(props: PartProps) {
  const { app, call, view, setView } = props;
  // A link to an event needs not name the stay: the event's id does.
  const named = view.session ?? view.event?.split("/")[0];
  const user = userOf(call, named) ?? call.people[0];
  const stay = user?.stays.find((s) => s.id === named) ?? user?.stays.at(-1);
  if (!user || !stay) return <Text p="lg" ta="center" c="dimmed" size="sm">Nobody is in this call yet, so there is nothing to trace.</Text>;
  return (
    <Stack gap="sm">
      <Group gap="sm" wrap="wrap" align="center">
        <Select size="xs" w={240} aria-label="User" searchable={call.people.length > 6} allowDeselect={false} nothingFoundMessage="Nobody of that name" value={userKey(user)}
          onChange={(key) => setView({ session: call.people.find((u) => userKey(u) === key)?.stays.at(-1)?.id, event: null })}
          data={call.people.map((u) => ({ value: userKey(u), label: userName(u) }))} />
        {user.stays.length > 1 && (
          <Select size="xs" w={250} aria-label="Stay" allowDeselect={false} value={stay.id} onChange={(s) => setView({ session: s ?? undefined, event: null })}
            data={user.stays.map((s, i) => ({ value: s.id, label: `Stay ${i + 1}: ${clock(s.start)} – ${s.end ? clock(s.end) : "now"}` }))} />
        )}
        <Anchor component={Link} size="xs" to={userLink(app, call.id, stay.id, { range: view.range })}>All about this user</Anchor>
      </Group>
      {named && !userOf(call, named) && <Alert color="gray" p="xs">The stay that the link names is not in this call: this is another one.</Alert>}
      <Trace key={stay.id} {...props} session={stay.id} />
    </Stack>
  );
}
