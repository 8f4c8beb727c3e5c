// A test that fails tells what was there: it stands beside the reason at the end
// of what a run prints, which may be all that is kept of it.
import { afterEach } from "vitest";
import { witnesses } from "./harness";

afterEach(async ({ task }) => {
  const failure = task.result?.errors?.[0];
  if (!failure) return;
  for (const { what, tell } of witnesses) failure.message += `\n--- ${what}: ${await tell()}`;
});
