/**
 * Pictures of molecules for tiles and table cells. A page may hold a few WebGL contexts only, so one hidden viewer
 * draws them all, one after another.
 */
import { requestFrame } from "@/lib/browser/animationFrame";
import { Recent } from "@/lib/recent";
import { type Camera, type Content, type Look } from "@/media/molecule/looks";
import { type Molecule, Scene, type Surroundings, loadLibrary } from "@/media/molecule/scene";
import { pixelRatio } from "@/state/page/screen";

export interface StillWanted {
  molecule: Molecule;
  look: Look;
  pose: number;
  camera: Camera | null;
  surroundings: Surroundings;
  /** CSS pixels. */
  width: number;
  height: number;
}

export interface Still {
  bitmap: ImageBitmap;
  content: Content;
}

interface Job {
  drawn: Promise<Still>;
  /** Those who wait: whether each still does. */
  waiting: (() => boolean)[];
}

const KEPT_LIMIT = 120;
// The bitmap of what is given up may still be on a tile: the browser frees it when nobody holds it.
const kept = new Recent<string, Job>({ limit: KEPT_LIMIT });
let scene: Promise<Scene> | null = null;
let queue: Promise<unknown> = Promise.resolve();

function hiddenScene(): Promise<Scene> {
  scene ??= loadLibrary().then((library) => {
    const host = document.createElement("div");
    host.className = "molecule-stills";
    host.setAttribute("aria-hidden", "true");
    document.body.append(host);
    return new Scene(library, host, false);
  });
  scene.catch(() => (scene = null));
  return scene;
}

/** The picture; rejects with words for people when the file can't be drawn. `isWanted` is asked when its turn comes. */
export function still(wanted: StillWanted, isWanted: () => boolean): Promise<Still> {
  const { molecule, look, pose, camera, surroundings, width, height } = wanted;
  const name = JSON.stringify([
    molecule.sha256,
    look.style,
    look.color,
    look.hasSurface,
    look.hasLabels,
    look.hasCell,
    pose,
    camera,
    surroundings,
    width,
    height,
    pixelRatio.peek(),
  ]);
  const found = kept.get(name);
  if (found) {
    found.waiting.push(isWanted);
    return found.drawn;
  }
  const waiting = [isWanted];
  const drawn = queue.then(async () => {
    if (!waiting.some((isStill) => isStill())) throw new NotWanted();
    const stage = await hiddenScene();
    await afterPaint(); // one picture a frame: the page stays usable while many are drawn
    stage.resize(width, height);
    stage.show(molecule, { ...look, isSpinning: false }, pose, camera, surroundings);
    const { canvas, content } = stage;
    if (!content) throw new Error("No atoms were found in it.");
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    copy.getContext("2d")?.drawImage(canvas, 0, 0);
    waiting.length = 0;
    return { bitmap: copy.transferToImageBitmap(), content };
  });
  queue = drawn.catch(() => undefined);
  kept.set(name, { drawn, waiting });
  drawn.catch(() => kept.delete(name));
  return drawn;
}

/** Its tile left before its turn came. */
export class NotWanted extends Error {}

function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100); // a page in the background paints nothing
    requestFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve, 0);
    });
  });
}
