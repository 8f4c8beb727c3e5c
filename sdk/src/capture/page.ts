import type { Client } from "../client";
import { Kind } from "../encoder";
import { guard } from "../native";

interface Connection extends EventTarget {
  type?: string;
  effectiveType?: string;
  downlink?: number;
  rtt?: number;
}

/** Watches whether the page is seen, what network it has, and its end. */
export function capturePage(client: Client, scope: Window & typeof globalThis): void {
  const { document, navigator } = scope;
  const connection = (navigator as Navigator & { connection?: Connection }).connection;

  client.page = () => ({
    userAgent: navigator.userAgent,
    network: connection?.type ?? undefined,
    page: scope.location.origin + scope.location.pathname,
  });

  const network = (): void =>
    void guard(() =>
      client.add(Kind.Event, "network", null, {
        online: navigator.onLine,
        type: connection?.type,
        effectiveType: connection?.effectiveType,
        downlink: connection?.downlink,
        rtt: connection?.rtt,
      }),
    );
  scope.addEventListener("online", () => {
    network();
    guard(() => client.online());
  });
  scope.addEventListener("offline", network);
  connection?.addEventListener?.("change", network);

  const seen = (): void => client.add(Kind.Event, "visibility", null, { hidden: document.hidden });
  document.addEventListener("visibilitychange", () =>
    guard(() => {
      seen();
      if (document.hidden) client.hidden();
    }),
  );
  client.use({
    session() {
      if (document.hidden) seen();
      if (connection) network();
    },
  });
  const beacon = navigator.sendBeacon?.bind(navigator) as ((url: string, body: Blob) => boolean) | undefined;
  scope.addEventListener("pagehide", () => guard(() => client.going(beacon)));
  scope.addEventListener("pageshow", (e) => guard(() => e.persisted && client.back()));
}
