import { ActionIcon, Alert, AppShell, Avatar, Box, Button, Group, Menu, NavLink, Select, Stack, Text, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconBook, IconDeviceDesktop, IconLayoutSidebar, IconLogout, IconMoon, IconPlayerPlay, IconPlugConnectedX, IconSun } from "@tabler/icons-react";
import { useEffect } from "react";
import { Link, Navigate, Outlet, useLocation, useMatches, useRouteError } from "react-router";
import { useParameters } from "./params";
import { ApiError } from "./api/client";
import { useApps, useLogout, useMe } from "./api/queries";
import { useAway } from "./api/recover";
import { initials } from "./format";
import { Waiting } from "./loaded";
import { Logo } from "./Logo";
import { pages } from "./page";

const menu = pages.filter((p) => p.menu).sort((a, b) => (a.menu?.order ?? 0) - (b.menu?.order ?? 0));

/** The window's title follows the page. */
function useTitle() {
  const matches = useMatches();
  const title = (matches.at(-1)?.handle as { title?: string } | undefined)?.title;
  useEffect(() => { document.title = title ? `${title} · Peerglass` : "Peerglass"; }, [title]);
}

/** Pages without the shell: log-in. */
export function Bare() {
  useTitle();
  return <Outlet />;
}

/** What is shown in place of a page that failed. */
export function Failed() {
  const error = useRouteError();
  return (
    <Alert m="lg" icon={<IconAlertTriangle />} color="red" title="This page could not be shown">
      <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
      <Button mt="sm" size="xs" variant="default" onClick={() => window.location.reload()}>Load it again</Button>
    </Alert>
  );
}

const schemes = { light: [IconSun, "Light", "dark"], dark: [IconMoon, "Dark", "auto"], auto: [IconDeviceDesktop, "As the system", "light"] } as const;

function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [Icon, label, next] = schemes[colorScheme];
  return (
    <Tooltip label={`Colours: ${label}`}>
      <ActionIcon variant="subtle" color="gray" aria-label={`Colours: ${label}. Change to ${next}.`} onClick={() => setColorScheme(next)}><Icon size={18} stroke={1.7} /></ActionIcon>
    </Tooltip>
  );
}

/** The app that the console looks at, kept in the address; the first one where none is named. */
export function useApp() {
  const [params, setParams] = useParameters();
  const apps = useApps();
  const named = Number(params.get("app"));
  const app = apps.data?.find((a) => a.id === named) ?? apps.data?.[0];
  return {
    apps, app,
    choose: (id: string | null) => setParams((p) => { if (id) p.set("app", id); p.delete("cursor"); return p; }),
  };
}

function AppPicker() {
  const { apps, app, choose } = useApp();
  if (!apps.data || apps.data.length < 2) return app ? <Text size="sm" fw={500} truncate maw={200} visibleFrom="xs">{app.name}</Text> : null;
  return (
    <Select size="xs" w={190} aria-label="App" allowDeselect={false} value={app ? String(app.id) : null} onChange={choose} searchable={apps.data.length > 8}
      data={apps.data.map((a) => ({ value: String(a.id), label: a.name }))} />
  );
}

/** The page, unless its address names an app that is not there for this account: another's calls in its place would mislead. */
function Asked() {
  const { pathname } = useLocation();
  const [params] = useParameters();
  const { apps } = useApp();
  const named = params.get("app");
  if (named === null || !pathname.startsWith("/calls") || !apps.data?.[0] || apps.data.some((a) => a.id === Number(named))) return <Outlet />;
  const first = apps.data[0];
  return (
    <Alert icon={<IconAlertTriangle />} color="yellow" title={`There is no app ${named} here`} styles={{ title: { color: "var(--fair)" }, icon: { color: "var(--fair)" } }}>
      <Text size="sm">It was deleted, this account may not see it, or the address is not whole. Ask who sent it, or go to what there is.</Text>
      <Button mt="sm" size="xs" variant="default" component={Link} to={`/calls?app=${first.id}`}>Calls of {first.name}</Button>
    </Alert>
  );
}

/** Says that the server is away, for as long as it is. */
function Away() {
  const away = useAway();
  return (
    <div role="status">
      {away && <Alert mb="md" py="xs" color="yellow" icon={<IconPlugConnectedX size={18} />} title={away.status === 0 ? "The server cannot be reached" : away.message} styles={{ title: { color: "var(--fair)" }, icon: { color: "var(--fair)" } }}>What is shown is what was read before. The page asks again every few seconds and goes on by itself.</Alert>}
    </div>
  );
}

export function Shell() {
  useTitle();
  const [open, nav] = useDisclosure();
  const { pathname, search } = useLocation();
  const me = useMe();
  const logout = useLogout();
  const app = new URLSearchParams(search).get("app");

  if (me.isPending) return <Waiting />;
  const next = encodeURIComponent(pathname + search);
  if (me.error instanceof ApiError && me.error.status === 401) return <Navigate to={`/login?next=${next}`} replace />;
  if (!me.data) return <Alert m="xl" color="red" icon={<IconAlertTriangle />} title="Peerglass does not answer">{me.error.message} This page asks again every few seconds and goes on as soon as there is an answer.</Alert>;
  if (me.data.mustChangePassword) return <Navigate to={`/login?next=${next}`} replace />;

  const links = menu.map((p) => {
    const Icon = p.menu?.icon;
    const active = pathname === p.path || pathname.startsWith(`${p.path}/`);
    return <NavLink key={p.path} component={Link} to={p.path + (app ? `?app=${app}` : "")} label={p.title} active={active} leftSection={Icon && <Icon size={18} stroke={1.7} />} onClick={nav.close} style={{ borderRadius: "var(--mantine-radius-md)" }} />;
  });

  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 196, breakpoint: "md", collapsed: { mobile: !open } }} padding={{ base: "sm", sm: "lg" }}>
      <a className="skip" href="#main">Skip to the content</a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <ActionIcon hiddenFrom="md" variant="subtle" color="gray" onClick={nav.toggle} aria-label="Menu"><IconLayoutSidebar size={20} /></ActionIcon>
            <Link to="/calls" style={{ display: "flex", alignItems: "center", gap: 10, textDecoration: "none", color: "inherit" }} aria-label="Peerglass, to the calls">
              <Logo /><Text fw={650} size="lg" style={{ letterSpacing: "-0.01em" }} visibleFrom="xs">Peerglass</Text>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <AppPicker />
            <SchemeToggle />
            <Menu position="bottom-end" withArrow>
              <Menu.Target>
                <ActionIcon variant="transparent" size="lg" aria-label={`Account ${initials(me.data.account)}`}><Avatar size={30} radius="xl" color="glass">{initials(me.data.account)}</Avatar></ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{me.data.account}</Menu.Label>
                <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => logout.mutate()}>Log out</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <Stack gap={2}>{links}</Stack>
        <Box mt="auto">
          <NavLink component="a" href="/demo" target="_blank" label="Try a demo call" leftSection={<IconPlayerPlay size={18} stroke={1.7} />} style={{ borderRadius: "var(--mantine-radius-md)" }} />
          <NavLink component="a" href="/api/v1/docs" target="_blank" label="API" leftSection={<IconBook size={18} stroke={1.7} />} style={{ borderRadius: "var(--mantine-radius-md)" }} />
        </Box>
      </AppShell.Navbar>
      <AppShell.Main id="main"><Away /><Asked /></AppShell.Main>
    </AppShell>
  );
}
