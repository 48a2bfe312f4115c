/**
 * The one WebGL context of the page. Browsers allow about sixteen, so every tile is drawn here, one after another,
 * and copied to the tile's own 2D canvas. Nothing is drawn unless somebody asks.
 */
import { Engine } from "@babylonjs/core/Engines/engine";
import { EngineStore } from "@babylonjs/core/Engines/engineStore";
import { Logger } from "@babylonjs/core/Misc/logger";
import { FileToolsOptions } from "@babylonjs/core/Misc/fileTools";
import { FilesInputStore } from "@babylonjs/core/Misc/filesInputStore";
import type { Scene } from "@babylonjs/core/scene";
import { signal } from "@preact/signals";
import { source } from "@/state/server/source";
import type { Object3DRecord } from "@/api/schema";
import { isImitated } from "@/lib/browser/webgl";
import { SCHEME, WHITE_PIXEL, findFile, isPictureName, splitAddress } from "@/media/object3d/files";

/** Grows whenever the graphics card has forgotten everything. */
export const contextAge = signal(0);

let engine: Engine | null | undefined;

/** null: this browser has no WebGL 2. */
export function sharedEngine(): Engine | null {
  engine ??= makeEngine();
  return engine;
}

function makeEngine(): Engine | null {
  Logger.LogLevels = Logger.NoneLogLevel; // what fails is told on the card
  EngineStore.UseFallbackTexture = false;
  FileToolsOptions.CleanUrl = (url) => url;
  FileToolsOptions.PreprocessUrl = resolveUrl;
  const canvas = document.createElement("canvas");
  const isSoftware = isSoftwareRendered();
  if (isSoftware === null) return null;
  let made: Engine;
  try {
    made = new Engine(canvas, !isSoftware, {
      alpha: false,
      antialias: !isSoftware,
      stencil: false,
      preserveDrawingBuffer: false,
      doNotHandleContextLost: true, // no second copy of all points in memory; on a loss they are fetched again
      audioEngine: false,
      disableWebGL2Support: false,
      powerPreference: "high-performance",
      useExactSrgbConversions: false,
    }, false);
  } catch {
    return null;
  }
  if (made.version < 2) {
    made.dispose();
    return null;
  }
  made.enableOfflineSupport = false;
  canvas.addEventListener("webglcontextlost", () => {
    engine = undefined;
    contextAge.value += 1;
    setTimeout(() => made.dispose(), 0);
  });
  return made;
}

/** Whether WebGL runs on the processor; null where there is none. */
export function isSoftwareRendered(): boolean | null {
  softwareRendered ??= { is: askRenderer() };
  return softwareRendered.is;
}

let softwareRendered: { is: boolean | null } | undefined;

function askRenderer(): boolean | null {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return null;
  const answer = isImitated(gl);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return answer;
}

/** Draw a scene at this size (device pixels) and copy it onto the canvas. */
export function drawScene(scene: Scene, width: number, height: number, onto: CanvasRenderingContext2D | null): void {
  const shared = sharedEngine();
  const canvas = shared?.getRenderingCanvas();
  if (!shared || !canvas || scene.isDisposed) return;
  if (shared.getRenderWidth() !== width || shared.getRenderHeight() !== height) shared.setSize(width, height);
  shared.beginFrame();
  scene.render(true);
  shared.endFrame();
  onto?.drawImage(canvas, 0, 0, width, height, 0, 0, width, height);
}

// ---- what loaders may fetch ----

interface Asker {
  record: Object3DRecord;
  warnings: string[];
}

const askers = new Map<number, Asker>();
let lastAsker = 0;

/** An address under which a loader finds the companions of a record; what is missing is put into `warnings`. */
export function openFiles(
  record: Object3DRecord,
  warnings: string[],
  given: ReadonlyMap<string, File> = new Map(),
): { rootUrl: string; close: () => void } {
  const id = ++lastAsker;
  askers.set(id, { record, warnings });
  // Babylon looks for "file:" addresses in a list of its own first.
  const rootUrl = `${given.size > 0 ? "file:" : ""}${SCHEME}${id}/`;
  const listed = [...given].map(([name, file]) => [`${SCHEME}${id}/${name}`.toLowerCase(), file] as const);
  for (const [name, file] of listed) FilesInputStore.FilesToLoad[name] = file;
  return {
    rootUrl,
    close: () => {
      askers.delete(id);
      for (const [name] of listed) Reflect.deleteProperty(FilesInputStore.FilesToLoad, name);
    },
  };
}

/** Every address that a loader asks for goes through here: our own blobs, or nothing. */
function resolveUrl(url: string): string {
  if (/^data:image\//i.test(url) || url.startsWith(`blob:${location.origin}/`)) return url;
  if (url.startsWith(source.blobUrl(""))) return url;
  const place = splitAddress(url.replace(/^file:/, ""));
  const asker = place ? askers.get(place.id) : undefined;
  const name = place?.name ?? url;
  if (asker) {
    const found = findFile(asker.record, name);
    if (found.is === "blob") return source.blobUrl(found.blob.sha256);
    if (!asker.warnings.includes(found.reason)) asker.warnings.push(found.reason);
  }
  // A picture can be done without; for the rest an address of ours where nothing is.
  return isPictureName(name) || /^data:/i.test(url) ? WHITE_PIXEL : source.url("api/blobs/not-logged");
}
