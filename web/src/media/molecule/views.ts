/** How the molecules of a scope are drawn, and from where they are seen. */
import { type Signal, signal } from "@preact/signals";
import { Recent } from "@/lib/recent";
import { type Camera, type Look, PLAIN_LOOK } from "@/media/molecule/looks";
import { scopePart } from "@/state/scope";

const CAMERAS_KEPT = 2_000;

export const moleculeViews = scopePart(() => {
  const look: Signal<Look> = signal(PLAIN_LOOK);
  const cameras = new Recent<string, Signal<Camera | null>>({ limit: CAMERAS_KEPT });

  /** The camera of a key: the same for all its molecules, runs and steps, so that they are seen from one side. */
  function cameraOf(key: string): Signal<Camera | null> {
    return cameras.getOrMake(key, () => signal<Camera | null>(null));
  }

  return { look, cameraOf };
});
