import { describe, expect, it } from "vitest";
import { frameAt, frameOfDurations, steppedTime, timeOfFrame } from "@/media/video/frames";

describe("times and frames", () => {
  it("finds the frame of a time, within the video", () => {
    expect([0, 0.099, 0.1, 0.95, 1, 7].map((secs) => frameAt(secs, 10, 10))).toEqual([0, 0, 1, 9, 9, 9]);
  });

  it("goes to the middle of a frame, where no rounding leads to its neighbour", () => {
    for (const fps of [4, 10, 12.5, 29.97, 60]) {
      for (let frame = 0; frame < 200; frame++) expect(frameAt(timeOfFrame(frame, fps), fps, 200)).toBe(frame);
    }
  });

  it("steps by frames and goes on at the other end", () => {
    expect(frameAt(steppedTime(0.05, 1, 10, 10), 10, 10)).toBe(1);
    expect(frameAt(steppedTime(0.05, -1, 10, 10), 10, 10)).toBe(9);
    expect(frameAt(steppedTime(0.95, 1, 10, 10), 10, 10)).toBe(0);
  });

  it("finds frames of different length, as gifs have them", () => {
    const ends = [0.1, 0.5, 0.6];
    expect([0, 0.09, 0.1, 0.49, 0.5, 0.59, 0.6, 9].map((secs) => frameOfDurations(secs, ends))).toEqual([0, 0, 1, 1, 2, 2, 2, 2]);
    expect(frameOfDurations(1, [])).toBe(0);
  });
});
