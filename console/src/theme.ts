import { createTheme, type MantineColorsTuple, useComputedColorScheme } from "@mantine/core";

const teal: MantineColorsTuple = ["#ecfdf9", "#d3f8ef", "#a5efde", "#6fe1c9", "#3ccab0", "#1fae96", "#128c7a", "#0f766e", "#115e59", "#134e4a"];

// The dark greys lean blue, so that charts stand out against them.
const dark: MantineColorsTuple = ["#d5d9e0", "#aab1bd", "#868e9c", "#5f6775", "#3a414d", "#2a303a", "#1f242c", "#171b21", "#111419", "#0b0d11"];

export const theme = createTheme({
  primaryColor: "glass",
  primaryShade: { light: 7, dark: 5 },
  colors: { glass: teal, dark },
  fontFamily: 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: "md",
  headings: { fontWeight: "600" },
  cursorType: "pointer",
  autoContrast: true,
  components: {
    Paper: { defaultProps: { withBorder: true } },
    Table: { styles: { table: { fontSize: "var(--mantine-font-size-sm)" } } },
    Tooltip: { defaultProps: { withArrow: true, multiline: true, maw: 320, openDelay: 200 } },
  },
});

/**
 * Colours of series, told apart by people with any colour vision: Okabe and
 * Ito's set without black and yellow, which vanish on one of the grounds, and
 * lighter on the dark one.
 */
const seriesColors = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#7f7f7f"],
  dark: ["#56b4e9", "#f28e3c", "#2dc79a", "#e29cc4", "#3b8fd0", "#f0bb4a", "#b49ad6", "#a0a4ab"],
};

/** The colour of the n-th series. */
export function seriesColor(n: number, scheme: "light" | "dark"): string {
  const colors = seriesColors[scheme];
  return colors[n % colors.length] as string;
}

const mixed = (hex: string, to: number, share: number) =>
  `#${[1, 3, 5].map((i) => Math.round(Number.parseInt(hex.slice(i, i + 2), 16) * (1 - share) + to * share).toString(16).padStart(2, "0")).join("")}`;

/**
 * The colour of the n-th user of a call, by order of first join: the same on
 * every chart. After as many as can be told apart come darker and paler ones of
 * each; lines that look alike are told apart by pointing at them.
 */
export function userColor(n: number, scheme: "light" | "dark"): string {
  const colors = seriesColors[scheme].slice(0, 7); // grey stands for nobody
  const color = colors[n % colors.length] as string;
  const round = Math.floor(n / colors.length) % 3;
  return round === 0 ? color : mixed(color, round === 1 ? 0 : 255, 0.42);
}

/** Of streams whose sender is not known. */
export const unknownColor = { light: "#7f7f7f", dark: "#a0a4ab" };

/** The scheme that is shown. */
export const useScheme = (): "light" | "dark" => useComputedColorScheme("light");
