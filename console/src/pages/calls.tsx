import { IconPhoneCall } from "@tabler/icons-react";
import { loaded } from "../loaded";
import type { Page } from "../page";

export const page: Page = {
  path: "/calls",
  title: "Calls",
  menu: { order: 1, icon: IconPhoneCall },
  body: loaded(() => import("../calls/Calls")),
};
