/** The way to the viewer: its code is fetched once, and records are made ready before a tile shows them. */
import { signal } from "@preact/signals";
import type { Object3DRecord } from "@/api/schema";
import type { Preparation } from "@/lib/preparation";
import { bytesOf } from "@/media/object3d/bytes";
import { layoutOf, rangeOf } from "@/media/object3d/pages";
import type * as ViewerModule from "@/media/object3d/viewer";
import type { Need } from "@/media/view";

export type Viewer = typeof ViewerModule;

/** The viewer once it is there. */
export const viewer = signal<Viewer | null>(null);
/** Why its code could not be fetched. */
export const viewerFailure = signal<string | null>(null);

let loading: Promise<Viewer> | undefined;

export function loadViewer(): Promise<Viewer> {
  loading ??= import("@/media/object3d/viewer").then(
    (found) => {
      viewerFailure.value = null;
      return (viewer.value = found);
    },
    () => {
      loading = undefined;
      viewerFailure.value = "The 3D viewer could not be fetched from the server. Reload the page.";
      throw new Error(viewerFailure.value);
    },
  );
  return loading;
}

const NOTHING: Preparation = { isReady: true, ready: Promise.resolve(), release: () => undefined };

export function prepareObject3D(record: Object3DRecord, need: Need): Preparation {
  if (!need.isUrgent) return prefetch(record);
  const found = viewer.peek();
  if (found && !found.sharedEngine()) return NOTHING;
  let isReleased = false;
  let letGo = (): void => undefined;
  const take = async (module: Viewer): Promise<void> => {
    if (isReleased || !module.sharedEngine()) return;
    const hold = module.holdContent(record);
    letGo = hold.release;
    await hold.ready;
  };
  const isReady = found?.peekContent(record) !== undefined;
  const ready = found ? take(found) : loadViewer().then(take);
  ready.catch(() => undefined); // told to whoever listens
  return {
    isReady,
    ready,
    release: () => {
      isReleased = true;
      letGo();
    },
  };
}

const PREFETCH_LIMIT_BYTES = 16 * 1024 * 1024;

/** Only the bytes: a scene for each neighbouring step would fill the graphics card. */
function prefetch(record: Object3DRecord): Preparation {
  const { blob, cloud, form } = record;
  try {
    if (form === "cloud" && cloud) {
      const layout = layoutOf(cloud);
      const { start, end } = rangeOf(layout, 0, 1);
      bytesOf(cloud.blob, start, end).catch(() => undefined);
    } else if (blob && form !== "mesh" && blob.size_bytes <= PREFETCH_LIMIT_BYTES) bytesOf(blob).catch(() => undefined);
  } catch {
    return NOTHING; // a record that makes no sense says so when it is shown
  }
  return NOTHING;
}
