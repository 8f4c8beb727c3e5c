import { Alert, Skeleton, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { memo } from "react";
import type { Profile as ProfileOf, ProfileFigure } from "../api/call";
import { count, duration, figure, none } from "../format";

const icons = { good: IconCircleCheck, fair: IconAlertTriangle, poor: IconCircleX } as const;
const words = { good: "Good", fair: "Fair", poor: "Poor" } as const;

/** What value is made of, in words: "3 of 4 users", "1.2 s of 3 min 20 s". */
export function partText(f: ProfileFigure): string {
  if (f.of === null) return "";
  const part = (n: number | null) => (f.ofUnit === "ms" ? duration(n, true) : count(n));
  const unit = f.ofUnit === "ms" || f.ofUnit === "" ? "" : ` ${f.of === 1 ? f.ofUnit.replace(/s$/, "") : f.ofUnit}`;
  if (f.count === null) return f.of > 0 ? `median of ${part(f.of)}${unit}` : "";
  if (f.unit === "") return `of ${part(f.of)}${unit}`;
  return `${part(f.count)} of ${part(f.of)}${unit}`;
}

export const valueText = (f: ProfileFigure): string => (f.unit === "" ? count(f.value) : figure(f.value, f.unit));

/** The room profile: the call as a whole. Each figure says what it is a share of, and how it is counted. */
export function Profile({ profile, error }: { profile?: ProfileOf; error: Error | null }) {
  if (error && !profile) return <Alert color="red" title="The room profile could not be read">{error.message}</Alert>;
  if (!profile) return <Skeleton h={132} animate={false} />;
  return <dl className="profile">{profile.items.map((f) => <Tile key={f.id} f={f} />)}</dl>;
}

const Tile = memo(function Tile({ f }: { f: ProfileFigure }) {
  const grade = f.grade === "" ? undefined : f.grade;
  const Icon = grade && icons[grade];
  const value = valueText(f);
  return (
    <div>
      <dt>
        <Tooltip label={f.help} events={{ hover: true, focus: true, touch: true }}>
          <button type="button" className="profile-help" aria-description={f.help}>{f.label}</button>
        </Tooltip>
      </dt>
      <dd className="profile-value">
        {value === none ? <Text span c="dimmed" fz={14} fw={400}>{f.id === "recording_success" ? "not recorded" : "not measured"}</Text> : value}
        {grade && Icon && <span className="grade" data-grade={grade}><Icon size={13} aria-hidden style={{ alignSelf: "center" }} />{words[grade]}</span>}
      </dd>
      <dd className="profile-part">{partText(f)}</dd>
    </div>
  );
}, (a, b) => JSON.stringify(a.f) === JSON.stringify(b.f));
