import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = { path: "/login", title: "Log in", bare: true, body: loaded(() => import("../login/Login")) };
