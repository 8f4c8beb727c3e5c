import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = { path: "/calls/:call/users/:session", title: "User", body: loaded(() => import("../user/User")) };
