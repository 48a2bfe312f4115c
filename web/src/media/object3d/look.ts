/** How 3D is drawn, for the whole page: colours, point size, grid. Kept in the URL, shared by tiles and the full view. */
import { type Signal, computed } from "@preact/signals";
import { classNameOf } from "@/lib/image/classColors";
import { type OverlayState, isClassVisible } from "@/lib/image/overlayState";
import { theme, token } from "@/state/page/theme";
import { classColor } from "@/state/page/classColors";
import { scopePart } from "@/state/scope";

export type ColorMode = "color" | "category" | "value" | "height" | "single";

export interface LookChoice {
  mode: ColorMode | "auto";
  /** null: by how many points there are. Screen pixels, or four-hundredths of the radius. */
  pointSize: number | null;
  isWorldSize: boolean;
  hasGrid: boolean;
  isOrtho: boolean;
  isWireframe: boolean;
}

export const DEFAULT_LOOK: LookChoice = {
  mode: "auto",
  pointSize: null,
  isWorldSize: false,
  hasGrid: true,
  isOrtho: false,
  isWireframe: false,
};

const MODES: readonly string[] = ["auto", "color", "category", "value", "height", "single"];

export function formatLook(look: LookChoice): string {
  const parts: string[] = [];
  if (look.mode !== "auto") parts.push(look.mode);
  if (look.pointSize !== null) parts.push(`p${Number(look.pointSize.toFixed(2))}`);
  if (look.isWorldSize) parts.push("world");
  if (!look.hasGrid) parts.push("nogrid");
  if (look.isOrtho) parts.push("ortho");
  if (look.isWireframe) parts.push("wire");
  return parts.join(".").replaceAll(/p(\d+)\.(\d+)/g, "p$1-$2");
}

/** Words that make no sense are left out: an old link must not break the page. */
export function parseLook(text: string): LookChoice {
  let look = DEFAULT_LOOK;
  for (const word of text.split(".")) {
    const size = /^p(\d+)(?:-(\d+))?$/.exec(word);
    if (word !== "auto" && MODES.includes(word)) look = { ...look, mode: word as ColorMode };
    else if (size) look = { ...look, pointSize: Math.min(40, Number(`${size[1] ?? "1"}.${size[2] ?? "0"}`)) };
    else if (word === "world") look = { ...look, isWorldSize: true };
    else if (word === "nogrid") look = { ...look, hasGrid: false };
    else if (word === "ortho") look = { ...look, isOrtho: true };
    else if (word === "wire") look = { ...look, isWireframe: true };
  }
  return look;
}

/** All that a drawing hangs on beside the record and the camera. */
export interface Look extends LookChoice {
  overlays: OverlayState;
  background: string;
  /** Of points without a colour, and of models without a material. */
  single: string;
  gridColor: string;
  axisColors: readonly [string, string, string];
  text: string;
  isDark: boolean;
}

/** The colour of each category, or null for one that is hidden. */
export function categoryColors(
  ids: readonly number[],
  labels: Readonly<Record<string, string>> | undefined,
  state: OverlayState,
): (string | null)[] {
  return ids.map((id) => {
    const name = classNameOf(id, labels);
    return isClassVisible(state, name) ? classColor(state, name, id) : null;
  });
}

export const object3dLook = scopePart(({ urlSignal, overlays: { overlays } }) => {
  const lookChoice: Signal<LookChoice> = urlSignal<LookChoice>("look3d", DEFAULT_LOOK, {
    parse: parseLook,
    format: formatLook,
    history: "replace",
  });

  function changeLook(change: Partial<LookChoice>): void {
    lookChoice.value = { ...lookChoice.peek(), ...change };
  }

  const look = computed<Look>(() => ({
    ...lookChoice.value,
    overlays: overlays.value,
    background: token("--surface-2"),
    single: token("--text-2"),
    gridColor: token("--line-strong"),
    axisColors: [token("--danger"), token("--ok"), token("--accent")],
    text: token("--text-2"),
    isDark: theme.value === "dark",
  }));

  return { lookChoice, changeLook, look };
});
