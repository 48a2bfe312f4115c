/**
 * Colours of runs: fourteen hues that stay apart for the common kinds of colour blindness (neighbours differ in
 * lightness as well as hue) and that read on white and on near-black alike.
 */
export const RUN_COLORS: readonly string[] = [
  "#2f6fe4", // blue
  "#dd7320", // orange
  "#1f9e6d", // green
  "#b14fd1", // purple
  "#d6455d", // red
  "#1aa5b8", // cyan
  "#b58a00", // ochre
  "#7a6ff0", // violet
  "#8a5a3c", // brown
  "#e36ab0", // pink
  "#6b8e23", // olive
  "#5f7a94", // slate
  "#0f7a8a", // teal
  "#f0965a", // apricot
];

/** A run keeps its colour whatever is filtered or sorted: the palette is dealt out in the order of creation (uid). */
export function defaultColor(uid: number): string {
  return RUN_COLORS[(((uid - 1) % RUN_COLORS.length) + RUN_COLORS.length) % RUN_COLORS.length] ?? "#2f6fe4";
}

export function isColor(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text);
}
