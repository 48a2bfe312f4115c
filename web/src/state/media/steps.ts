/** What a key asks of the clock for each run: the step to show, whether it is the asked one, and words where there is none. */
import { positionOfStep, resolveStep } from "@/lib/clock/resolve";
import { formatPosition } from "@/lib/text/axisFormat";
import type { ScopeClock } from "@/state/clock/clock";
import type { ScopeTracks } from "@/state/clock/tracks";

export interface RunStep {
  /** null: the rule finds none; undefined: the run's steps are not known yet. */
  step: number | null | undefined;
  askedAt: number | null;
  isOtherStep: boolean;
  nothing: string;
}

interface StepsNeeds {
  clock: ScopeClock;
  tracks: ScopeTracks;
}

export function makeSteps({ clock: { axis, matchRule, position }, tracks: { trackOf } }: StepsNeeds) {
  /** For each of the runs. Reading it in a component subscribes to the clock and the tracks. */
  function stepsOf(runs: readonly number[], key: string): RunStep[] {
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

  return { stepsOf };
}

export type ScopeSteps = ReturnType<typeof makeSteps>;
