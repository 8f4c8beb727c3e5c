import type { ComponentType, LazyExoticComponent } from "react";

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
  body: LazyExoticComponent<ComponentType>;
}

const files = import.meta.glob<Page>("./pages/*.tsx", { import: "page", eager: true });

export const pages: Page[] = Object.values(files);
