// Plays the page: from one existing step to the next, never faster than the tiles can follow.

import { effect, untracked } from "@preact/signals";
import { Ends } from "@/lib/ends";
import type { ScopeClock } from "@/state/clock/clock";
import type { ScopeWaiting } from "@/state/clock/waiting";

/** A tile that takes longer than this does not hold up the others. */
const LONGEST_WAIT_MS = 3000;

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until the tiles have heard of the move. */
function frame(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

interface PlayerNeeds {
  clock: ScopeClock;
  waiting: ScopeWaiting;
}

export function makePlayer({
  clock: { extent, isLooping, isPlaying, moveTo, nextStop, now, position, range, speed },
  waiting: { whenReady },
}: PlayerNeeds) {
  /** Where play goes from `from`, within the range; null at its end. */
  function nextPlayed(from: number, bounds: readonly [number, number] | null): number | null {
    if (bounds && from < bounds[0]) return startOf();
    const next = nextStop(from, 1);
    if (next === null || next <= from) return null;
    return bounds && next > bounds[1] ? null : next;
  }

  function togglePlay(): void {
    isPlaying.value = !isPlaying.peek();
  }

  function startOf(): number | null {
    const first = range.peek()?.[0] ?? extent.peek()?.[0] ?? null;
    if (first === null) return null;
    // the first stop at or after the start: nothing may be logged at the start itself
    return nextStop(first, 0) === first ? first : nextStop(first, 1);
  }

  let playing = 0;

  async function play(): Promise<void> {
    playing += 1;
    const mine = playing;
    const isMine = (): boolean => mine === playing && isPlaying.peek();
    if (now.peek() !== null && nextPlayed(now.peek() ?? 0, range.peek()) === null) moveTo(startOf());
    while (isMine()) {
      const shownAt = performance.now();
      await frame();
      await Promise.race([whenReady(), pause(LONGEST_WAIT_MS)]);
      await pause(1000 / speed.peek() - (performance.now() - shownAt));
      if (!isMine()) return;
      const from = now.peek();
      const next = from === null ? null : nextPlayed(from, range.peek());
      if (next !== null) moveTo(next);
      else if (isLooping.peek()) moveTo(startOf());
      else isPlaying.value = false;
    }
  }

  let isStarted = false;
  const ends = new Ends();
  ends.add(() => (playing += 1));

  /** Follow `isPlaying`: once, from the scrub bar. */
  function startPlayer(): void {
    if (isStarted) return;
    isStarted = true;
    ends.add(effect(() => {
      if (!isPlaying.value) return;
      untracked(() => {
        if (position.peek() === null) position.value = now.peek();
        void play();
      });
    }));
  }

  return { togglePlay, startPlayer, stop: () => ends.end() };
}

export type ScopePlayer = ReturnType<typeof makePlayer>;
