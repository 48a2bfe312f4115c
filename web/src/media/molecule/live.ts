/** The one viewer that people turn: it moves to the card that they are at, and takes its WebGL context along. */
import { type Signal, signal } from "@preact/signals";
import { Scene, loadLibrary } from "@/media/molecule/scene";

/** The card that has the live viewer. */
export const liveOwner: Signal<object | null> = signal(null);

/** What the pointer is over, in the live viewer. */
export const hoveredAtom: Signal<string | null> = signal(null);

let host: HTMLDivElement | null = null;
let scene: Promise<Scene> | null = null;

/** The live viewer, moved into `place`. */
export async function takeLive(owner: object, place: HTMLElement): Promise<Scene> {
  liveOwner.value = owner;
  const library = await loadLibrary();
  if (!host) {
    host = document.createElement("div");
    host.className = "molecule-live";
  }
  const element = host;
  place.append(element);
  scene ??= Promise.resolve().then(() => new Scene(library, element, true));
  scene.catch(() => (scene = null));
  const stage = await scene;
  stage.onHover = (name) => (hoveredAtom.value = name);
  return stage;
}

/** The card is gone, or no longer looked at. */
export function leaveLive(owner: object): void {
  if (liveOwner.peek() !== owner) return;
  liveOwner.value = null;
  hoveredAtom.value = null;
  host?.remove();
  void scene?.then((stage) => {
    if (liveOwner.peek() === null) stage.clear();
  });
}
