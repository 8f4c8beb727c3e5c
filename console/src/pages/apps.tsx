import { IconApps } from "@tabler/icons-react";
import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = {
  path: "/apps",
  title: "Apps",
  menu: { order: 9, icon: IconApps },
  body: loaded(() => import("../apps/Apps")),
};
