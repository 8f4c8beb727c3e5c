import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = { path: "/calls/:call/ends", title: "End to end", body: loaded(() => import("../ends/Ends")) };
