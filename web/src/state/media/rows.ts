/** What a key asks of the clock for each run: the step to show, whether it is the asked one, and words where there is none. */
import { signal } from "@preact/signals";
import { positionOfStep, resolveStep } from "@/lib/clock/resolve";
import { Recent } from "@/lib/recent";
import { formatPosition } from "@/lib/text/axisFormat";
import { axis, matchRule, position } from "@/state/clock/clock";
import { readStored, store } from "@/state/page/storage";
import { trackOf } from "@/state/clock/tracks";

export interface RunStep {
  /** null: the rule finds none; undefined: the run's steps are not known yet. */
  step: number | null | undefined;
  askedAt: number | null;
  isOtherStep: boolean;
  nothing: string;
}

/** For each of the runs. Reading it in a component subscribes to the clock and the tracks. */
export function stepsOf(runs: readonly number[], key: string): RunStep[] {
  const at = position.value;
  const rule = matchRule.value;
  const tracks = runs.map((run) => trackOf(run, key));
  const newest = tracks.reduce((most, track) => Math.max(most, track?.steps.at(-1) ?? -Infinity), -Infinity);
  return tracks.map((track) => {
    if (!track) return { step: undefined, askedAt: at, isOtherStep: false, nothing: "" };
    const step = resolveStep(track, at, rule);
    return {
      step,
      askedAt: at,
      isOtherStep: step !== null && isOther(track, step, at, newest),
      nothing: wordsForNone(track.total, at, rule),
    };
  });
}

/** Between runs and clock: steps are compared exactly; wall times never meet exactly, so there nothing is "other". */
function isOther(track: NonNullable<ReturnType<typeof trackOf>>, step: number, at: number | null, newest: number): boolean {
  if (at === null) return step !== newest;
  if (axis.value === "time" || axis.value === "relative") return false;
  return positionOfStep(track, step) !== at;
}

function wordsForNone(total: number, at: number | null, rule: string): string {
  if (total === 0) return "never logged by this run";
  const where = at === null ? "the newest" : `${axis.value === "step" ? "step " : ""}${formatPosition(axis.value, at)}`;
  return rule === "exact" ? `nothing at ${where}` : rule === "at-or-before" ? `nothing at or before ${where}` : `nothing near ${where}`;
}

// ---- the shape of a key's tiles, remembered so that a page does not jump when it is opened again ----

export interface KeyShape {
  aspect: number;
  items: number;
  hasCaption: boolean;
  samples: (string | null)[];
  /** Of a tile that fills a row. */
  fillHeight?: number;
  /** The most items that any step was seen with: a panel must not change its width while the clock runs. */
  mostItems?: number;
}

const SHAPES_KEPT = 200;
const SAMPLES_KEPT = 64;
const shapes = new Recent<string, KeyShape>({ limit: SHAPES_KEPT });
let isRead = false;
const shapesVersion = signal(0);

/** How many items the key's lists have at most, as far as they were seen; 1 for a key that never was. Subscribes. */
export function mostItemsOf(place: string): number {
  void shapesVersion.value;
  const shape = rememberedShape(place);
  return shape?.mostItems ?? shape?.items ?? 1;
}

/** Where the shape of a key is remembered. */
export function shapePlace(run: { entity: string; project: string } | undefined, key: string): string {
  return `${run?.entity ?? ""}/${run?.project ?? ""}/${key}`;
}

export function rememberedShape(place: string): KeyShape | undefined {
  if (!isRead) {
    isRead = true;
    try {
      const kept = JSON.parse(readStored("tile-shapes") ?? "[]") as [string, KeyShape][];
      for (const [name, shape] of kept) {
        if (typeof shape?.aspect === "number" && typeof shape.items === "number") {
          shapes.set(name, {
            ...shape,
            samples: shape.samples ?? [],
          });
        }
      }
    } catch {
      // written by another version: the shapes are learned again
    }
  }
  return shapes.peek(place);
}

export function rememberShape(place: string, shape: KeyShape): void {
  const before = shapes.peek(place);
  const mostItems = Math.max(shape.items, before?.mostItems ?? 0);
  shape = { ...shape, mostItems };
  if (before && JSON.stringify(before) === JSON.stringify(shape)) return;
  shapes.set(place, { ...shape, samples: shape.samples.slice(0, SAMPLES_KEPT) });
  if (before?.mostItems !== mostItems) shapesVersion.value += 1;
  store("tile-shapes", JSON.stringify([...shapes]));
}
