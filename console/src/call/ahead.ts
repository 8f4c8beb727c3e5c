import { Skeleton } from "@mantine/core";
import type { QueryClient } from "@tanstack/react-query";
import { createElement } from "react";
import { flowQuestion, sendersQuestion, stayQuestion } from "../api/quality";
import { appsQuestion, callQuestion } from "../api/queries";
import { loaded } from "../loaded";
import { askedRange, boundsOf, cardsAtOnce, flowOf, pointsBeside } from "./quality/first";
import { readView, shownUsers } from "./range";

/** The call page's charts. Their code comes with the page's, not after it. */
export const Quality = loaded(() => import("./quality/Quality"), createElement(Skeleton, { h: 360, animate: false }));

/**
 * Asks what a call's page will ask first: the call, and as soon as that tells
 * who was in it, what the users of the first cards received or sent. Otherwise
 * each waits for the code and for the answer before it. What fails here is
 * asked again by the page, which tells of it.
 */
export async function askAhead(queries: QueryClient, call: string, search: URLSearchParams): Promise<void> {
  const view = readView(search);
  if (view.view === "quality") Quality.preload().catch(() => {});
  try {
    const app = Number(search.get("app")) || (await queries.fetchQuery(appsQuestion))[0]?.id;
    if (!app) return;
    const detail = await queries.fetchQuery(callQuestion(app, call));
    if (view.view !== "quality") return;
    const users = shownUsers(detail, view);
    const bounds = boundsOf(detail, Date.now());
    const flow = flowOf(detail, askedRange(view.range, bounds), bounds, pointsBeside(window.innerWidth, users.length));
    for (const user of users.slice(0, cardsAtOnce({ width: window.innerWidth, height: window.innerHeight }, users.length))) {
      const sessions = user.stays.map((s) => s.id);
      void queries.prefetchQuery(flowQuestion(app, call, sessions, view.side, flow));
      if (view.side === "receive") void queries.prefetchQuery(sendersQuestion(app, call, sessions));
      else for (const session of sessions) void queries.prefetchQuery(stayQuestion(app, call, session));
    }
  } catch { /* said by the page */ }
}
