import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { ApiError } from "../api/client";
import { useChangePassword, useLogin, useMe } from "../api/queries";
import { Logo } from "../Logo";

// Only places of the console: a link must not send people elsewhere after logging in.
function local(next: string | null): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/calls";
}

export default function Login() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const me = useMe();
  const login = useLogin();
  const [given, setGiven] = useState<{ name: string; password: string }>({ name: "", password: "" });
  const next = local(params.get("next"));

  // Who was logged in until now is known still, and that it is over.
  const over = me.data !== undefined && me.error instanceof ApiError && me.error.status === 401;
  if (me.data && !over && !me.data.mustChangePassword) return <Navigate to={next} replace />;
  const choose = me.data?.mustChangePassword && !over;
  return (
    <Center mih="100vh" p="md" bg="var(--mantine-color-default-hover)">
      <Paper p="xl" w="100%" maw={400} shadow="sm">
        <Stack gap="lg">
          <Stack gap={6} align="center">
            <Logo size={44} />
            <Title order={1} size="h3">{choose ? "Choose a password" : "Peerglass"}</Title>
            <Text size="sm" c="dimmed" ta="center">{over ? "Your log-in is over. Log in again to go on where you were." : choose ? "The first password was good once. Choose one of your own, of at least 10 characters." : "See what happens inside your calls."}</Text>
          </Stack>
          {choose
            ? <NewPassword current={given.password} onDone={() => void navigate(next, { replace: true })} />
            : (
              <form onSubmit={(e) => { e.preventDefault(); login.mutate(given); }}>
                <Stack>
                  {login.isError && <Alert color="red" p="sm">{login.error.message}</Alert>}
                  <TextInput label="Account" withAsterisk={false} autoComplete="username" autoFocus required value={given.name} onChange={(e) => setGiven({ ...given, name: e.currentTarget.value })} />
                  <PasswordInput label="Password" withAsterisk={false} autoComplete="current-password" required value={given.password} onChange={(e) => setGiven({ ...given, password: e.currentTarget.value })} />
                  <Button type="submit" fullWidth loading={login.isPending}>Log in</Button>
                  <Text size="xs" c="dimmed" ta="center">The first account is “admin”; its one-time password was printed when the program first started.</Text>
                </Stack>
              </form>
            )}
        </Stack>
      </Paper>
    </Center>
  );
}

function NewPassword({ current, onDone }: { current: string; onDone: () => void }) {
  const change = useChangePassword();
  const [old, setOld] = useState(current);
  const [chosen, setChosen] = useState("");
  const [again, setAgain] = useState("");
  const differs = again !== "" && again !== chosen;
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (!differs) change.mutate({ current: old, new: chosen }, { onSuccess: onDone }); }}>
      <Stack>
        {change.isError && <Alert color="red" p="sm">{change.error.message}</Alert>}
        {!current && <PasswordInput label="One-time password" autoComplete="current-password" required value={old} onChange={(e) => setOld(e.currentTarget.value)} />}
        <PasswordInput label="New password" withAsterisk={false} autoComplete="new-password" autoFocus required minLength={10} value={chosen} onChange={(e) => setChosen(e.currentTarget.value)} />
        <PasswordInput label="Once more" withAsterisk={false} autoComplete="new-password" required value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={differs ? "The two differ" : undefined} />
        <Button type="submit" fullWidth loading={change.isPending} disabled={differs}>Save and go on</Button>
      </Stack>
    </form>
  );
}
