import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeClock } from "@/state/clock/clock";
import { makePlayer } from "@/state/clock/player";
import { makeWaiting } from "@/state/clock/waiting";
import { urlSignal } from "@/state/page/url";

const clock = makeClock({ urlSignal });
const waiting = makeWaiting();
const { extent, isLooping, isPlaying, position, range, speed, stops } = clock;
const { markPending, markSettled } = waiting;
const { startPlayer, togglePlay } = makePlayer({ clock, waiting });

beforeEach(() => {
  vi.useFakeTimers();
  stops.value = Float64Array.of(0, 10, 20);
  extent.value = [0, 20];
  position.value = 0;
  range.value = null;
  isLooping.value = false;
  speed.value = 4;
  startPlayer();
});
afterEach(async () => {
  isPlaying.value = false;
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
});

it("goes from stop to stop and ends at the last one", async () => {
  togglePlay();
  await vi.advanceTimersByTimeAsync(260);
  expect(position.value).toBe(10);
  await vi.advanceTimersByTimeAsync(2000);
  expect([position.value, isPlaying.value]).toEqual([20, false]);
});

it("begins again when it loops, within the range", async () => {
  range.value = [10, 20];
  isLooping.value = true;
  position.value = 20;
  togglePlay();
  await vi.advanceTimersByTimeAsync(1);
  expect(position.value).toBe(10);
  await vi.advanceTimersByTimeAsync(270);
  expect(position.value).toBe(20);
  await vi.advanceTimersByTimeAsync(270);
  expect([position.value, isPlaying.value]).toEqual([10, true]);
});

it("waits for the tiles, but not for ever", async () => {
  const tile = {};
  markPending(tile);
  togglePlay();
  await vi.advanceTimersByTimeAsync(2000);
  expect(position.value).toBe(0);
  await vi.advanceTimersByTimeAsync(1100);
  expect(position.value).toBe(10);
  markSettled(tile);
});
