/** The page's colours for figures, from its tokens. */
import type { FrameTheme } from "@/lib/frames/protocol";
import { RUN_COLORS } from "@/lib/runs/colors";
import { theme, token } from "@/state/page/theme";

/** Reading it subscribes to changes of the theme. */
export function figureTheme(): FrameTheme {
  return {
    isDark: theme.value === "dark",
    text: token("--text"),
    faint: token("--text-3"),
    line: token("--line"),
    surface: token("--surface"),
    accent: token("--accent"),
    font: token("--font"),
    palette: RUN_COLORS,
  };
}
