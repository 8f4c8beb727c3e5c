import { Text, Tooltip } from "@mantine/core";
import { leftSpace, rightSpace } from "../chart/plot";
import { clock } from "../format";
import type { Strip } from "./states";

/** What held for a while, on the time axis of the charts above. */
export function Strips({ strips, range, title }: { strips: Strip[]; range: [number, number]; title: string }) {
  const shown = strips.filter((s) => s.spans.some((x) => x.end > range[0] && x.start < range[1]));
  if (shown.length === 0) return null;
  const length = range[1] - range[0] || 1;
  const place = (t: number) => ((Math.min(Math.max(t, range[0]), range[1]) - range[0]) / length) * 100;
  return (
    <div className="ends-strips" role="group" aria-label={title}>
      {shown.map((s) => (
        <div key={s.id} className="ends-strip">
          <Tooltip label={s.help}><Text size="xs" c="dimmed" w="fit-content">{s.label}</Text></Tooltip>
          <ul className="ends-track" style={{ marginLeft: leftSpace, marginRight: rightSpace(true) }} aria-label={s.label}>
            {s.spans.filter((x) => x.end > range[0] && x.start < range[1]).map((x) => {
              const left = place(x.start);
              return (
                <Tooltip key={`${x.start}/${x.text}`} openDelay={0} label={<><strong>{s.label}: {x.text}</strong><br />{clock(x.start)} – {clock(x.end)}{x.help && <><br />{x.help}</>}</>}>
                  <li className="ends-span" data-tone={x.tone} style={{ left: `${left}%`, width: `${place(x.end) - left}%` }}>{x.text}</li>
                </Tooltip>
              );
            })}
          </ul>
        </div>
      ))}
    </div>
  );
}
