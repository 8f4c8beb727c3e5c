// What is particular about a call, said in words with what to do about it:
// empty charts explain nothing by themselves.
import type { Profile } from "../api/call";
import type { CallDetail } from "../api/client";
import { userOf, type View } from "./range";

export interface State {
  id: "gone-user" | "joining" | "no-statistics" | "expired" | "import" | "one-side" | "alone" | "no-video" | "no-audio" | "anonymous";
  /** Something is missing that is wanted, or it is just so. */
  tone: "warning" | "info";
  title: string;
  text: string;
  /** Where it goes on. */
  action?: "trace" | "import" | "forget" | "settings";
}

const list = (names: string[]) => (names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? ""));

export function statesOf(call: CallDetail, profile: Profile | undefined, view: Pick<View, "session" | "users">, live: boolean): State[] {
  const out: State[] = [];
  const wanted = [...(view.session ? [view.session] : []), ...(view.users ?? [])];
  const gone = wanted.filter((s) => !userOf(call, s)).length;
  if (gone > 0) {
    out.push({
      id: "gone-user", tone: "warning", action: "forget", title: gone === wanted.length ? "This link is of a user who is not in this call" : "Some users of this link are not in this call",
      text: "Their data were deleted, or the address was changed by hand. The rest of the call is shown.",
    });
  }
  if (!profile) return out;
  const measured = (f: (m: Profile["media"][number]) => boolean) => profile.media.filter(f).reduce((n, m) => n + m.measured, 0);
  const any = measured(() => true);
  const received = measured((m) => m.direction === "receive");
  const imported = call.people.length > 0 && call.people.every((u) => u.stays.every((s) => s.endReason === "import"));
  const alone = call.people.length === 1 && call.people[0]?.stays.length === 1;

  if (any === 0) {
    out.push(live
      ? { id: "joining", tone: "info", title: "Still joining", text: "No statistics yet: they come within two seconds of the first audio or video. What the clients did so far is in the API trace.", action: "trace" }
      : imported
        ? { id: "no-statistics", tone: "warning", title: "The file has no statistics of audio or video", text: "It holds API calls and events only, which the API trace shows. Take another dump while media flows.", action: "trace" }
        : { id: "no-statistics", tone: "warning", title: "No statistics arrived", text: "The clients joined and told events, but no audio or video was measured: nothing was sent, the connection was never made, or the page was left within a second. The API trace shows how far they came.", action: "trace" });
  } else if (!profile.kept.samples) {
    out.push({
      id: "expired", tone: "warning", title: "The figures over time are gone",
      text: `They are kept for shorter than the call itself. Verdict, issues and totals below are of the whole call${call.people.some((u) => u.stays.some((s) => s.hasDump)) ? "; the dumps still have every figure: download one and import it" : ""}.`,
      action: "import",
    });
  }
  if (imported) {
    out.push({
      id: "import", tone: "info", title: "Imported from a file", action: alone ? "import" : undefined,
      text: alone ? "It holds what one client measured. What the others sent and saw is not known: whose side something lies on is judged from this one alone. Dumps of the others can be imported too; each is a call of its own."
        : "It holds what the clients measured until the files were taken.",
    });
  }
  if (profile.missing.length > 0) {
    out.push({
      id: "one-side", tone: "warning", title: `Nothing is known from ${list(profile.missing)}`,
      text: "Their audio or video was received, but their own clients told nothing: how it was at the source cannot be seen. Add the SDK to their page, or ask them for a dump.",
    });
  } else if (alone && !imported && received > 0) {
    out.push({ id: "one-side", tone: "warning", title: "Only one side of this call is known", text: "Media was received from someone whose client told nothing: how it was at the source cannot be seen. Add the SDK to their page too." });
  } else if (alone && !imported && !live && any > 0) {
    out.push({ id: "alone", tone: "info", title: "Nobody else came", text: "One user sent audio or video, and received none." });
  }
  if (any > 0) {
    if (measured((m) => m.kind !== "audio") === 0) out.push({ id: "no-video", tone: "info", title: "Sound only", text: "No video was sent or received, so charts of pictures are empty." });
    else if (measured((m) => m.kind === "audio") === 0) out.push({ id: "no-audio", tone: "info", title: "Pictures only", text: "No audio was sent or received." });
  }
  const anonymous = call.people.filter((u) => !u.user && !u.userName).length;
  if (anonymous > 0) {
    out.push({
      id: "anonymous", tone: "info", title: anonymous === 1 ? "One user told no name" : `${anonymous} users told no names`,
      text: "Their pages passed no user id, so each of their stays is a user of its own. Pass user to the SDK to find them again.",
    });
  }
  return out;
}
