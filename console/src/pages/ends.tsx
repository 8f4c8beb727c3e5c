import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = { path: "/calls/:call/ends", title: "End to end", body: lazy(() => import("../ends/Ends")) };
