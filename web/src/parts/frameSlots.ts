/**
 * Which sandboxed frames of the page run. Each is a page of its own that may eat a processor, so only a few do:
 * a frame asks when it comes into sight and gives back when it leaves.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

export const LIVE_FRAMES_LIMIT = 4;

export interface FrameSlot {
  isLive: ReadonlySignal<boolean>;
  /** Come into sight: live at once when there is room, else next in line. */
  ask(): void;
  /** Out of sight, or gone: the first in line takes its place. */
  leave(): void;
  /** A person wants this one: the frame that has been live for longest makes room. */
  insist(): void;
}

export class FrameSlots {
  readonly #limit: number;
  /** Oldest first. */
  #live: Slot[] = [];
  #waiting: Slot[] = [];

  constructor(limit: number = LIVE_FRAMES_LIMIT) {
    this.#limit = limit;
  }

  make(): FrameSlot {
    const slot = new Slot();
    return {
      isLive: slot.isLive,
      ask: () => {
        if (this.#live.includes(slot) || this.#waiting.includes(slot)) return;
        this.#waiting.push(slot);
        this.#fill();
      },
      leave: () => {
        this.#waiting = this.#waiting.filter((other) => other !== slot);
        this.#stop(slot);
        this.#fill();
      },
      insist: () => {
        if (this.#live.includes(slot)) return;
        this.#waiting = this.#waiting.filter((other) => other !== slot);
        const oldest = this.#live[0];
        if (oldest && this.#live.length >= this.#limit) {
          this.#stop(oldest);
          this.#waiting.push(oldest);
        }
        this.#start(slot);
      },
    };
  }

  #fill(): void {
    while (this.#live.length < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#start(next);
    }
  }

  #start(slot: Slot): void {
    this.#live.push(slot);
    slot.isLive.value = true;
  }

  #stop(slot: Slot): void {
    this.#live = this.#live.filter((other) => other !== slot);
    slot.isLive.value = false;
  }
}

class Slot {
  readonly isLive = signal(false);
}

export const frameSlots = new FrameSlots();
