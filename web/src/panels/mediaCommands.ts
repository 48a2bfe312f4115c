/** The commands of the media on the page: those of the full view, and what is laid over pictures. */
import { actOnCover } from "@/panels/coverKeys";
import { registerCommand } from "@/state/page/commands";
import type { Scope } from "@/state/scope";

/** Once, from main. */
export function registerMediaCommands(scope: Scope): void {
  const { overlays: { changeOverlays }, selection: { isFull, selected } } = scope;
  const isOpen = (): boolean => isFull.peek() && selected.peek() !== null;
  // On the sheet of keys. The view itself takes them first while it is open.
  for (const [id, title, keys] of [
    ["previous-item", "Previous item", "ArrowLeft"],
    ["next-item", "Next item", "ArrowRight"],
    ["previous-run", "Previous run", "ArrowUp"],
    ["next-run", "Next run", "ArrowDown"],
    ["zoom-in", "Zoom in", "+"],
    ["zoom-out", "Zoom out", "-"],
    ["zoom-one", "One screen pixel for one pixel", "0"],
    ["fit", "Fit the picture into the view", "f"],
    ["pixels", "Smooth or square pixels", "p"],
  ] as const) {
    registerCommand({
      id: `full-${id}`,
      title,
      keys,
      group: "Full view",
      run: () => void actOnCover(keys),
      isEnabled: isOpen,
      isOnlyShortcut: true,
    });
  }
  registerCommand({
    id: "masks",
    title: "Show or hide all masks",
    keys: "m",
    group: "Media",
    run: () => changeOverlays((state) => ({ ...state, masksVisible: !state.masksVisible })),
  });
  registerCommand({
    id: "boxes",
    title: "Show or hide all boxes",
    keys: "b",
    group: "Media",
    run: () => changeOverlays((state) => ({ ...state, boxesVisible: !state.boxesVisible })),
  });
  registerCommand({
    id: "polygons",
    title: "Show or hide all polygons",
    keys: "o",
    group: "Media",
    run: () => changeOverlays((state) => ({ ...state, polygonsVisible: !state.polygonsVisible })),
  });
  registerCommand({
    id: "keypoints",
    title: "Show or hide all keypoints",
    keys: "k",
    group: "Media",
    run: () => changeOverlays((state) => ({ ...state, keypointsVisible: !state.keypointsVisible })),
  });
}
