// The script that stands where a page loads callstats.js:
//   <script src="https://host/callstats.js"></script>
// It gives the page the constructor in the way that the page's loader wants.
import { CallStats, callstats } from "./callstats";
import { guard } from "../src/native";

declare const define: { (f: () => unknown): void; amd?: unknown } | undefined;
declare const module: { exports: unknown } | undefined;

guard(() => {
  const script = typeof document === "object" ? (document.currentScript as HTMLScriptElement | null) : null;
  if (script?.src) CallStats.endpoint = script.dataset.endpoint ?? new URL(script.src).origin;
});
if (typeof module === "object" && module && typeof module.exports === "object") module.exports = Object.assign(callstats, { default: callstats });
else {
  if (typeof define === "function" && define.amd) define(() => callstats);
  (globalThis as unknown as { callstats: unknown }).callstats = callstats;
}
