// What the call page itself asks: the call as a whole, and its issues from a
// severity on. A call of hundreds has thousands of low ones, which are asked
// for only when they are looked at.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Profile = components["schemas"]["Profile"];
export type ProfileFigure = components["schemas"]["ProfileFigure"];

export function useProfile(app: number, call: string) {
  return useQuery({
    queryKey: ["call", call, "profile"],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/profile", { params: { path: { app, call } }, signal })),
  });
}

export type Severity = "low" | "medium" | "high";

/** The issues of that severity and worse. */
export function useIssuesFrom(app: number, call: string, severity: Severity) {
  return useQuery({
    queryKey: ["call", call, "issues", "from", severity],
    queryFn: async ({ signal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/issues", { params: { path: { app, call }, query: { severity } }, signal }))).items,
    placeholderData: keepPreviousData,
  });
}

/** The questions that a call's pages ask, for whoever wants to ask them from elsewhere. */
export function questions(app: number, call: string, session?: string): { name: string; path: string }[] {
  const base = `/api/v1/apps/${app}/calls/${call}`;
  const of = session ? `?session=${session}` : "";
  return [
    { name: "The call, its users and their stays", path: base },
    { name: "The call as a whole (room profile)", path: `${base}/profile` },
    { name: "Verdict", path: `${base}/verdict` },
    { name: "Issues", path: `${base}/issues?severity=medium` },
    { name: "What each stay came to", path: `${base}/outcomes${of}` },
    { name: "Sessions", path: `${base}/sessions` },
    { name: "Peer connections", path: `${base}/connections${of}` },
    { name: "Streams with their totals", path: `${base}/streams${of}` },
    { name: "Figures over time", path: `${base}/samples?width=600&metrics=bitrate&metrics=loss${session ? `&session=${session}` : ""}` },
    { name: "Whose each received stream is", path: `${base}/matches${of}` },
    { name: "Who hears and sees whom", path: `${base}/matrix` },
    { name: "What happened, in the guides' words", path: `${base}/happenings${of}` },
    { name: "API calls and events", path: `${base}/events${of}` },
    { name: "Feature sets", path: `${base}/features${of}` },
    ...(session ? [{ name: "Dump", path: `${base}/sessions/${session}/dump` }] : []),
    { name: "What is new, as it comes", path: `${base}/live` },
  ];
}
