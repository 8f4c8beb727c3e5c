import { askAhead } from "../call/ahead";
import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = {
  path: "/calls/:call",
  title: "Call",
  body: loaded(() => import("../call/Call")),
  ahead: (queries, { params, search }) => { if (params.call) void askAhead(queries, params.call, search); },
};
