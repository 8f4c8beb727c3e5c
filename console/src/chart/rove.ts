import type { KeyboardEvent } from "react";

/** Arrow keys move among the buttons of a group, which is one stop of the Tab key. */
export function rove(e: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
  if (step === undefined && e.key !== "Home" && e.key !== "End") return;
  const buttons = [...e.currentTarget.querySelectorAll<HTMLButtonElement>("button")];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  if (at < 0) return;
  e.preventDefault();
  e.stopPropagation(); // arrows move the range elsewhere on a chart
  const next = e.key === "Home" ? 0 : e.key === "End" ? buttons.length - 1 : (at + (step ?? 0) + buttons.length) % buttons.length;
  buttons[at]?.setAttribute("tabindex", "-1");
  buttons[next]?.setAttribute("tabindex", "0");
  buttons[next]?.focus();
}
