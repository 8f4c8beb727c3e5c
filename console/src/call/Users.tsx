import { ActionIcon, Button, Group, Paper, SegmentedControl, Text, TextInput, UnstyledButton, useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconSearch, IconUserPlus, IconX } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { CallDetail, Issue, Outcome } from "../api/client";
import { count } from "../format";
import { arranged, type PeopleSort, peopleOf, type Person } from "./people";
import { few, many, shownRange, shownUsers, userKey, type View } from "./range";
import { cardHeight, rowHeight, UserCard, UserRow, type UserRowProps, widths } from "./UserRow";

interface Props {
  app: number;
  call: CallDetail;
  outcomes: Outcome[];
  issues: Issue[];
  view: View;
  setView: (v: Partial<View>) => void;
  bounds: [number, number];
}

const heads: { sort?: PeopleSort; name: string; right?: boolean }[] = [
  { sort: "user", name: "User" }, { sort: "score", name: "Quality" }, { sort: "role", name: "Role" }, { sort: "region", name: "Region" }, { name: "In the room" },
  { sort: "in", name: "In – out" }, { sort: "duration", name: "Duration", right: true }, { sort: "device", name: "Device" }, { sort: "network", name: "Network" }, { sort: "sdk", name: "SDK" },
];

// Up to as many rows are simply there; of more only those in sight.
const plain = 24;

/** Who took part. The few whose charts are shown, or everyone: searched, ordered, hundreds of them. */
export const Users = memo(function Users({ app, call, outcomes, issues, view, setView, bounds }: Props) {
  const [everyone, setEveryone] = useState(false);
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<{ sort: PeopleSort; ascending: boolean }>({ sort: "in", ascending: true });
  const field = useRef<HTMLInputElement>(null);
  const phone = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false }) ?? false;
  const scheme = useComputedColorScheme("light");

  const people = useMemo(() => peopleOf(call, outcomes, issues), [call, outcomes, issues]);
  const shownKeys = useMemo(() => shownUsers(call, view).map(userKey), [call, view.users]);
  const shown = useMemo(() => new Set(shownKeys), [shownKeys]);
  const choosing = people.length > few;
  const all = everyone && choosing;
  const rows = useMemo(
    () => arranged(all || !choosing ? people : people.filter((p) => shown.has(p.key)), all ? search : "", order.sort, order.ascending),
    [people, shown, all, choosing, search, order],
  );

  // Rows are drawn again only when what they show changed: handlers stay the same.
  const latest = useRef({ shownKeys, setView });
  latest.current = { shownKeys, setView };
  const toggle = useCallback((key: string) => {
    const { shownKeys: keys, setView: set } = latest.current;
    set({ users: keys.includes(key) ? keys.filter((k) => k !== key) : [...keys, key].slice(0, many) });
  }, []);

  useEffect(() => { if (all) field.current?.focus({ preventScroll: true }); }, [all]);

  const range = shownRange(view, bounds);
  const zoomed = view.range !== undefined;
  const row = (p: Person): UserRowProps => ({
    person: p, app, call: call.id, from: range[0], to: range[1], now: bounds[1], scheme, selected: view.session !== undefined && p.user.stays.some((s) => s.id === view.session),
    shown: shown.has(p.key), choice: choosing ? (shown.has(p.key) ? shown.size > 1 : shown.size < many) : undefined, onToggle: toggle,
  });

  return (
    <Paper style={{ overflow: "hidden" }}>
      {choosing && (
        <Group justify="space-between" px={14} py={8} gap="sm" style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
          <SegmentedControl size="xs" aria-label="Which users" value={all ? "all" : "shown"} onChange={(v) => setEveryone(v === "all")} data={[{ value: "shown", label: `In the charts (${shown.size})` }, { value: "all", label: `All users (${count(people.length)})` }]} />
          <Group gap="xs">
            {all
              ? (
                <TextInput ref={field} size="xs" w={220} aria-label="Search users" placeholder="Name, id, device, region…" leftSection={<IconSearch size={14} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)}
                  rightSection={search && <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the search" onClick={() => setSearch("")}><IconX size={14} /></ActionIcon>} />
              )
              : <Button size="compact-sm" variant="default" leftSection={<IconUserPlus size={15} />} onClick={() => setEveryone(true)}>Add users</Button>}
            {view.users && <Button size="compact-sm" variant="subtle" onClick={() => setView({ users: undefined })}>First {few}</Button>}
          </Group>
        </Group>
      )}
      {all && (
        <Text size="xs" c="dimmed" px={14} py={6} role="status">
          {search ? `${count(rows.length)} of ${count(people.length)} match. ` : ""}Ticked users are in the charts: {shown.size} of at most {many}{shown.size >= many ? "; untick one to add another" : ""}.
        </Text>
      )}
      {rows.length === 0
        ? <Text p="lg" ta="center" c="dimmed" size="sm">{people.length === 0 ? "Nobody has joined yet: users appear within two seconds of their join." : "Nobody matches. Try fewer letters."}</Text>
        : phone
          ? <List rows={rows} height={cardHeight} render={(p) => <UserCard key={p.key} {...row(p)} />} label="Users" />
          : <List rows={rows} height={rowHeight} table label="Users" head={<Head order={order} setOrder={setOrder} choosing={choosing} zoomed={zoomed} />} render={(p) => <UserRow key={p.key} {...row(p)} />} />}
    </Paper>
  );
});

function Head({ order, setOrder, choosing, zoomed }: { order: { sort: PeopleSort; ascending: boolean }; setOrder: (o: { sort: PeopleSort; ascending: boolean }) => void; choosing: boolean; zoomed: boolean }) {
  return (
    <div role="row" aria-rowindex={1} className="userlist-grid userlist-head" style={{ gridTemplateColumns: widths(choosing) }}>
      {choosing && <div role="columnheader"><span className="sr-only">In the charts</span></div>}
      {heads.map(({ sort, name, right }) => {
        const on = sort === order.sort;
        const Icon = on && !order.ascending ? IconArrowDown : IconArrowUp;
        return (
          <div key={name} role="columnheader" aria-sort={sort ? (on ? (order.ascending ? "ascending" : "descending") : "none") : undefined} style={{ textAlign: right ? "right" : undefined }}>
            {sort
              ? <UnstyledButton className="userlist-sort" onClick={() => setOrder({ sort, ascending: on ? !order.ascending : sort !== "duration" })}>{name}<Icon size={12} aria-hidden style={{ opacity: on ? 1 : 0.2 }} /></UnstyledButton>
              : <span title={zoomed ? "Within the range that the charts show" : undefined}>{name}{zoomed ? ", range" : ""}</span>}
          </div>
        );
      })}
    </div>
  );
}

/** Rows of one height; of many, only those in sight exist. */
function List({ rows, height, render, head, table = false, label }: { rows: Person[]; height: number; render: (p: Person) => React.ReactNode; head?: React.ReactNode; table?: boolean; label: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = rows.length > plain;
  const virtualizer = useVirtualizer({ count: rows.length, enabled: virtual, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 6, getItemKey: (i) => rows[i]?.key ?? i });
  const role = table ? "row" : "listitem";
  // Numbers of rows tell a screen reader where it is in a list of which most is not there.
  const wrap = (p: Person, n: number, style?: React.CSSProperties) => (
    <div key={p.key} role={role} {...(table ? { "aria-rowindex": n + 2 } : { "aria-posinset": n + 1, "aria-setsize": rows.length })} style={style}>{render(p)}</div>
  );
  return (
    <div ref={scroller} className="userlist" data-virtual={virtual} role={table ? "table" : "list"} aria-label={label} aria-rowcount={table ? rows.length + 1 : undefined} tabIndex={0}>
      {head}
      {virtual
        ? (
          <div role={table ? "rowgroup" : "presentation"} style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
            {virtualizer.getVirtualItems().map((item) => {
              const p = rows[item.index];
              return p && wrap(p, item.index, { position: "absolute", top: 0, left: 0, right: 0, height, transform: `translateY(${item.start}px)` });
            })}
          </div>
        )
        : <div role={table ? "rowgroup" : "presentation"}>{rows.map((p, n) => wrap(p, n))}</div>}
    </div>
  );
}
