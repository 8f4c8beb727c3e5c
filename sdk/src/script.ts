// The classic script: <script src="https://host/sdk.js" data-key="pgk_…"></script>
// It sets window.peerglass and begins at once. data-endpoint names another
// server than the script's own, data-room and data-user join at once,
// data-consent="false" waits for peerglass.consent(true).
import { beside } from "./beside";
import { peerglass } from "./index";
import { guard } from "./native";

guard(() => {
  const scope = window as unknown as Record<string, unknown>;
  if (scope.peerglass) return; // the page has the script twice
  scope.peerglass = peerglass;
  const script = document.currentScript as HTMLScriptElement | null;
  // A classic script of another origin has no address that imports go by.
  if (script?.src) beside.get = () => import(new URL("sdk-watch.mjs", script.src).href);
  const data = script?.dataset;
  if (!script || !data?.key) return;
  peerglass.init({
    key: data.key,
    endpoint: data.endpoint ?? new URL(script.src).origin,
    debug: data.debug !== undefined,
    consent: data.consent !== "false",
  });
  if (data.room) peerglass.join({ room: data.room, user: data.user });
});
