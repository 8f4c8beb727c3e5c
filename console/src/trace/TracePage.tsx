import { useSession } from "../api/queries";
import type { PartProps } from "../call/range";
import { Trace } from "./Trace";

/** The API calls and events of one stay. */
export default function TracePage({ app, call, view, setView }: PartProps) {
  const chosen = view.session ?? call.people[0]?.stays[0]?.id;
  const session = useSession(app, call.id, chosen);
  return chosen ? <Trace app={app} call={call.id} session={chosen} connections={session.data?.connections ?? []} opened={view.event} onOpen={(event) => setView({ event })} /> : null;
}
