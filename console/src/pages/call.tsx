import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = { path: "/calls/:call", title: "Call", body: lazy(() => import("../call/Call")) };
