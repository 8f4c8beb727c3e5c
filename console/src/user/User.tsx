import { Alert, Skeleton } from "@mantine/core";
import { useParams } from "react-router";
import { useCall, useSession } from "../api/queries";
import { useApp } from "../Shell";

/** One stay of one user: who, how the join went, what was sent and received. */
export default function User() {
  const { call: id = "", session: stay = "" } = useParams();
  const { app } = useApp();
  const call = useCall(app?.id, id);
  const session = useSession(app?.id ?? 0, id, app && stay);
  if (call.error ?? session.error) return <Alert color="red" title="The user could not be read">{(call.error ?? session.error)?.message}</Alert>;
  return <Skeleton h={200} />;
}
