import "@mantine/core/styles.css";
import "@mantine/dates/styles.css";
import "./style.css";
import { MantineProvider } from "@mantine/core";
import { notifyManager, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, matchPath, Navigate, RouterProvider } from "react-router";
import { appsQuestion, meQuestion } from "./api/queries";
import { makeQueries } from "./api/recover";
import { pages } from "./page";
import { Bare, Failed, Shell } from "./Shell";
import { theme } from "./theme";

// Answers that come together are drawn together: a task of its own for each
// would lay the page out for each.
notifyManager.setScheduler(queueMicrotask);

const queries = makeQueries();

const route = (p: (typeof pages)[number]) => ({ path: p.path, element: <p.body />, handle: { title: p.title }, errorElement: <Failed /> });

const router = createBrowserRouter([
  { element: <Bare />, children: pages.filter((p) => p.bare).map(route) },
  { element: <Shell />, children: [...pages.filter((p) => !p.bare).map(route), { path: "*", element: <Navigate to="/calls" replace /> }] },
]);

// What a page needs is asked for at once when its address is known, not when
// the one before it has come: its code, who looks, the apps, its own figures.
let at = "";
function ahead({ pathname, search }: { pathname: string; search: string }): void {
  if (pathname === at) return;
  at = pathname;
  for (const p of pages) {
    const match = matchPath(p.path, pathname);
    if (!match) continue;
    p.body.preload().catch(() => {}); // the page says what is wrong
    if (!p.bare) { void queries.prefetchQuery(meQuestion); void queries.prefetchQuery(appsQuestion); }
    p.ahead?.(queries, { params: match.params, search: new URLSearchParams(search) });
  }
}
ahead(window.location);
router.subscribe((state) => ahead(state.location));

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        {/* What a click changes is drawn before the next click: as a transition the address came later, and a second click started from what the first had changed. */}
        <RouterProvider router={router} useTransitions={false} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
