import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = { path: "/calls/:call/users/:session", title: "User", body: lazy(() => import("../user/User")) };
