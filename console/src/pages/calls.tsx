import { IconPhoneCall } from "@tabler/icons-react";
import { lazy } from "react";
import type { Page } from "../page";

export const page: Page = {
  path: "/calls",
  title: "Calls",
  menu: { order: 1, icon: IconPhoneCall },
  body: lazy(() => import("../calls/Calls")),
};
