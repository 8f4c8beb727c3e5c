import { IconApps } from "@tabler/icons-react";
import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = {
  path: "/apps",
  title: "Apps",
  menu: { order: 9, icon: IconApps },
  body: lazy(() => import("../apps/Apps")),
};
