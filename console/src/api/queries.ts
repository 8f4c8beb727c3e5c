// Every question that the console asks, in one place: keys, addresses and how
// often a call in progress is asked again.
import { keepPreviousData, type QueryClient, type QueryKey, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { anew } from "./anew";
import { api, type DefaultConfig, liveAddress, unwrap } from "./client";

/**
 * Asks again for what was changed. An answer on its way may be of the time
 * before, and a first question would not be asked anew beside it.
 */
async function changed(queries: QueryClient, queryKey: QueryKey): Promise<void> {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}

export const meQuestion = queryOptions({ queryKey: ["me"], queryFn: () => unwrap(api.GET("/me")), staleTime: 60_000, retry: false });

export function useMe() {
  return useQuery(meQuestion);
}

export function useLogin() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; password: string }) => unwrap(api.POST("/login", { body })),
    onSuccess: () => changed(queries, ["me"]),
  });
}

export function useLogout() {
  return useMutation({
    mutationFn: () => unwrap(api.POST("/logout")),
    // Everything that was read belongs to the account that left.
    onSettled: () => window.location.assign("/login"),
  });
}

export function useChangePassword() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { current: string; new: string }) => unwrap(api.POST("/password", { body })),
    onSuccess: () => changed(queries, ["me"]),
  });
}

export const appsQuestion = queryOptions({ queryKey: ["apps"], queryFn: async () => (await unwrap(api.GET("/apps"))).items, staleTime: 30_000 });

export function useApps() {
  return useQuery(appsQuestion);
}

function useAppMutation<V, T>(mutationFn: (v: V) => Promise<T>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => changed(queries, ["apps"]) });
}

export const useCreateApp = () => useAppMutation((name: string) => unwrap(api.POST("/apps", { body: { name } })));

export const useAppChange = (app: number) =>
  useAppMutation((body: { name?: string; enabled?: boolean }) => unwrap(api.PATCH("/apps/{app}", { params: { path: { app } }, body })));

export const useDeleteApp = () => useAppMutation((app: number) => unwrap(api.DELETE("/apps/{app}", { params: { path: { app } } })));

export function useAppSecret(app: number, wanted: boolean) {
  return useQuery({ queryKey: ["apps", app, "secret"], queryFn: () => unwrap(api.GET("/apps/{app}/secret", { params: { path: { app } } })), enabled: wanted, gcTime: 0 });
}

export const useRotateSecret = (app: number) => useAppMutation((_: void) => unwrap(api.POST("/apps/{app}/secret/rotate", { params: { path: { app } } })));

export function useThresholds(app: number, wanted: boolean) {
  return useQuery({ queryKey: ["apps", app, "thresholds"], queryFn: async () => (await unwrap(api.GET("/apps/{app}/thresholds", { params: { path: { app } } }))).items, enabled: wanted });
}

export const useChangeThresholds = (app: number) =>
  useAppMutation((values: Record<string, number | null>) => unwrap(api.PATCH("/apps/{app}/thresholds", { params: { path: { app } }, body: { values } })));

export function useIngestKeys(app: number) {
  return useQuery({ queryKey: ["apps", app, "keys"], queryFn: async () => (await unwrap(api.GET("/apps/{app}/ingest-keys", { params: { path: { app } } }))).items, staleTime: 30_000 });
}

export const useCreateIngestKey = (app: number) =>
  useAppMutation((body: { name: string; origins: string[] }) => unwrap(api.POST("/apps/{app}/ingest-keys", { params: { path: { app } }, body })));

export const useChangeIngestKey = (app: number, key: number) =>
  useAppMutation((body: { name: string; origins: string[] }) => unwrap(api.PATCH("/apps/{app}/ingest-keys/{key}", { params: { path: { app, key } }, body })));

export const useRevokeIngestKey = (app: number) =>
  useAppMutation((key: number) => unwrap(api.DELETE("/apps/{app}/ingest-keys/{key}", { params: { path: { app, key } } })));

export function usePublicKeys(app: number) {
  return useQuery({ queryKey: ["apps", app, "public-keys"], queryFn: async () => (await unwrap(api.GET("/apps/{app}/public-keys", { params: { path: { app } } }))).items });
}

export const useAddPublicKey = (app: number) =>
  useAppMutation((body: { name: string; keyId: string; key: string }) => unwrap(api.POST("/apps/{app}/public-keys", { params: { path: { app } }, body })));

export const useRevokePublicKey = (app: number) =>
  useAppMutation((key: number) => unwrap(api.DELETE("/apps/{app}/public-keys/{key}", { params: { path: { app, key } } })));

export interface TokenWish {
  form: "jwt" | "usersig";
  room: string;
  user: string;
  userName: string;
  expiresIn: number;
  oneTime: boolean;
}

export const useIssueToken = (app: number) =>
  useMutation({ mutationFn: (body: TokenWish) => unwrap(api.POST("/apps/{app}/tokens", { params: { path: { app } }, body })), gcTime: 0 });

export const useCheckToken = (app: number) =>
  useMutation({ mutationFn: (token: string) => unwrap(api.POST("/apps/{app}/tokens/check", { params: { path: { app } }, body: { token } })), gcTime: 0 });

export function useDefaultConfig(app: number) {
  return useQuery({ queryKey: ["apps", app, "default-config"], queryFn: () => unwrap(api.GET("/apps/{app}/default-config", { params: { path: { app } } })), gcTime: 0 });
}

export const useSetDefaultConfig = (app: number) =>
  useAppMutation((body: DefaultConfig) => unwrap(api.PUT("/apps/{app}/default-config", { params: { path: { app } }, body })));

export function useAppLog(app: number) {
  return useQuery({
    queryKey: ["apps", app, "log"], queryFn: async () => (await unwrap(api.GET("/apps/{app}/log", { params: { path: { app } } }))).items,
    // Who mends a page looks here whether it is mended.
    refetchInterval: 5_000,
  });
}

export const useClearAppLog = (app: number) => useAppMutation((_: void) => unwrap(api.DELETE("/apps/{app}/log", { params: { path: { app } } })));

export const callQuestion = (app: number | undefined, call: string) => queryOptions({
  queryKey: ["call", call, "detail"],
  queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}", { params: { path: { app: app as number, call } }, signal })),
  staleTime: 5_000, // it was asked for while the page's code was on the way; what changes is told
});

export function useCall(app: number | undefined, call: string) {
  return useQuery({ ...callQuestion(app, call), enabled: app !== undefined, placeholderData: keepPreviousData });
}

export function useIssues(app: number, call: string) {
  return useQuery({
    queryKey: ["call", call, "issues"],
    queryFn: async ({ signal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/issues", { params: { path: { app, call } }, signal }))).items,
  });
}

export function useOutcomes(app: number, call: string) {
  return useQuery({
    queryKey: ["call", call, "outcomes"],
    queryFn: async ({ signal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/outcomes", { params: { path: { app, call } }, signal }))).items,
  });
}

export function useSession(app: number, call: string, session: string | undefined) {
  return useQuery({
    queryKey: ["call", call, "session", session],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/sessions/{session}", { params: { path: { app, call, session: session as string } }, signal })),
    enabled: session !== undefined,
  });
}

export function useMetrics() {
  return useQuery({ queryKey: ["metrics"], queryFn: async () => (await unwrap(api.GET("/metrics"))).items, staleTime: Number.POSITIVE_INFINITY });
}

const followAgain = 3_000;

/**
 * Follows a call in progress: what the server tells makes the page ask again
 * for what it shows, at most once a second. Says whether the line is up.
 */
export function useLive(app: number, call: string, on: boolean): "off" | "up" | "lost" {
  const queries = useQueryClient();
  const [state, setState] = useState<"off" | "up" | "lost">("off");
  useEffect(() => {
    if (!on) { setState("off"); return; }
    const { about, end } = anew(queries, call);
    let source: EventSource;
    let later: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      source = new EventSource(liveAddress(app, call));
      // What was measured and told between the page's questions and this line is told to nobody.
      source.onopen = () => { setState("up"); about("samples", "events", "happenings"); };
      source.onerror = () => {
        setState("lost");
        about("detail");
        // Where something else answered, a proxy whose server starts again for one, browsers give up.
        if (source.readyState === EventSource.CLOSED) later = setTimeout(follow, followAgain);
      };
      const on_ = (name: string, ...parts: string[]) => source.addEventListener(name, () => about(...parts));
      on_("samples", "samples");
      on_("events", "events", "happenings");
      on_("sessions", "detail", "session", "issues", "outcomes", "profile", "happenings", "matches");
      on_("streams", "session", "profile", "matches");
      on_("connections", "session");
      on_("call", "detail", "issues", "profile");
      on_("end", "detail", "issues", "outcomes", "profile", "session", "samples", "events", "happenings", "matches");
    };
    follow();
    return () => { source.close(); clearTimeout(later); end(); };
  }, [app, call, on, queries]);
  return state;
}

