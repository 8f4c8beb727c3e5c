import { Tooltip, useComputedColorScheme, VisuallyHidden } from "@mantine/core";
import type { ListedCall } from "../api/calls";
import { count, initials } from "../format";
import { seriesColor } from "../theme";

const nameOf = (p: ListedCall["people"][number]) => p.userName || p.user || "anonymous";

/** The initials of the first users, and how many more there are. */
export function People({ call, most = 4 }: { call: ListedCall; most?: number }) {
  const scheme = useComputedColorScheme("light");
  const shown = call.people.slice(0, most);
  const more = call.users - shown.length;
  const names = shown.map(nameOf).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
  if (shown.length === 0) return null;
  return (
    <Tooltip label={<>{names}<div>{count(call.sessions)} {call.sessions === 1 ? "stay" : "stays"}, at most {count(call.peak)} at one time</div></>}>
      <span className="people">
        {shown.map((p, i) => <span key={i} aria-hidden className="person" style={{ borderColor: seriesColor(i, scheme) }}>{p.userName || p.user ? initials(nameOf(p)) : "?"}</span>)}
        {more > 0 && <span aria-hidden className="person person-more">+{more > 99 ? "99" : more}</span>}
        <VisuallyHidden>{names}</VisuallyHidden>
      </span>
    </Tooltip>
  );
}
