import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = { path: "/login", title: "Log in", bare: true, body: lazy(() => import("../login/Login")) };
