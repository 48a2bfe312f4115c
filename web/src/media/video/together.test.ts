import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signal } from "@preact/signals";
import { CannedSource } from "@/api/canned";
import type { VideoRecord } from "@/api/schema";
import { Player } from "@/media/video/player";
import { type VideosTogether, videosTogether } from "@/media/video/together";
import type { Route } from "@/state/page/route";
import { makeScope } from "@/state/scope";

const route = signal<Route>({ page: "workspace", entity: "me", project: "p" });
const scopeOf = (namespace: string) => makeScope({ source: new CannedSource({}), namespace, route });
const scope = scopeOf("");
const { isTogether, joinTogether, seekPlayer, setTogether, stepPlayer, togglePlayer } = videosTogether(scope);

class Stub extends Player {
  constructor(secs: number) {
    super({
      kind: "video",
      blob: { sha256: "0", size_bytes: 1, mime: "video/mp4" },
      format: "mp4",
      duration_secs: secs,
      fps: 10,
      frame_count: secs * 10,
    } as VideoRecord);
  }
  play(): void {
    this.isPlaying.value = true;
  }
  pause(): void {
    this.isPlaying.value = false;
  }
  seek(secs: number): void {
    this.time.value = Math.min(secs, this.duration.peek());
  }
  dispose(): void {
    this.pause();
  }
}

describe("videos that play together", () => {
  let short: Stub, long: Stub;
  let leave: (() => void)[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    [short, long] = [new Stub(2), new Stub(4)];
    leave = [joinTogether(short), joinTogether(long)];
  });
  afterEach(() => {
    setTogether(false);
    for (const one of leave) one();
    vi.useRealTimers();
  });

  it("play alone until they are asked", () => {
    togglePlayer(short);
    expect([short.isPlaying.value, long.isPlaying.value]).toEqual([true, false]);
  });

  it("start, stop, seek and step as one", () => {
    setTogether(true);
    expect([short.isPlaying.value, long.isPlaying.value]).toEqual([true, true]);
    seekPlayer(short, 1);
    expect(long.time.value).toBe(1);
    togglePlayer(long);
    expect([short.isPlaying.value, long.isPlaying.value]).toEqual([false, false]);
    stepPlayer(long, 1);
    expect([short.time.value, long.time.value]).toEqual([1.15, 1.15]);
  });

  it("are led back to the longest, wait for it at their end, and begin again with it", () => {
    setTogether(true);
    long.time.value = 1;
    short.time.value = 0.4;
    vi.advanceTimersByTime(250);
    expect(short.time.value).toBe(1);
    short.seek(2);
    short.pause();
    long.time.value = 3;
    vi.advanceTimersByTime(250);
    expect([short.isPlaying.value, short.time.value]).toEqual([false, 2]);
    long.seek(4);
    long.pause();
    vi.advanceTimersByTime(250);
    expect([short.time.value, long.time.value, short.isPlaying.value, long.isPlaying.value]).toEqual([0, 0, true, true]);
  });

  it("a late one joins where the others are", () => {
    setTogether(true);
    seekPlayer(long, 1.5);
    const late = new Stub(3);
    leave.push(joinTogether(late));
    expect([late.time.value, late.isPlaying.value]).toEqual([1.5, true]);
  });

  it("are those of one scope, and the end of the scope ends it", () => {
    const own = scopeOf("b.");
    const others: VideosTogether = videosTogether(own);
    const other = new Stub(4);
    leave.push(others.joinTogether(other));
    setTogether(true);
    expect([others.isTogether.value, other.isPlaying.value]).toEqual([false, false]);
    setTogether(false);
    others.setTogether(true);
    expect([isTogether.value, short.isPlaying.value, other.isPlaying.value]).toEqual([false, false, true]);
    own.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stop when the mode ends, and loop on their own again", () => {
    setTogether(true);
    setTogether(false);
    expect([isTogether.value, short.isPlaying.value, short.doesLoop]).toEqual([false, false, true]);
  });
});
