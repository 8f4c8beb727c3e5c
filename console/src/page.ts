import type { QueryClient } from "@tanstack/react-query";
import type { ComponentType } from "react";
import type { Loaded } from "./loaded";

/**
 * What a file in pages/ exports as `page`: its route, its place in the menu
 * and its body, loaded when it is opened. Adding a page is adding a file.
 */
export interface Page {
  path: string;
  /** In the window's title and the menu. */
  title: string;
  /** Where it stands in the menu, from the top; absent: not in the menu. */
  menu?: { order: number; icon: ComponentType<{ size?: number | string; stroke?: number | string }> };
  /** Shown without the shell and without logging in. */
  bare?: boolean;
  body: Loaded<object>;
  /** Asks what the page will ask, from its address alone and while its code is on the way. */
  ahead?: (queries: QueryClient, place: { params: Record<string, string | undefined>; search: URLSearchParams }) => void;
}

const files = import.meta.glob<Page>("./pages/*.tsx", { import: "page", eager: true });

export const pages: Page[] = Object.values(files);
