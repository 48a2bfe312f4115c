import { describe, expect, it } from "vitest";
import { FrameSlots } from "@/parts/frameSlots";

describe("FrameSlots", () => {
  it("lets a few frames live and the next in line follow", () => {
    const slots = new FrameSlots(2);
    const [a, b, c, d] = [slots.make(), slots.make(), slots.make(), slots.make()];
    for (const slot of [a, b, c, d]) slot.ask();
    expect([a, b, c, d].map((slot) => slot.isLive.value)).toEqual([true, true, false, false]);
    a.leave();
    expect([a, b, c, d].map((slot) => slot.isLive.value)).toEqual([false, true, true, false]);
    d.leave();
    b.leave();
    expect([a, b, c, d].map((slot) => slot.isLive.value)).toEqual([false, false, true, false]);
  });

  it("makes room for the one that a person asks for", () => {
    const slots = new FrameSlots(1);
    const [a, b] = [slots.make(), slots.make()];
    a.ask();
    b.ask();
    b.insist();
    expect([a.isLive.value, b.isLive.value]).toEqual([false, true]);
    b.leave();
    expect([a.isLive.value, b.isLive.value]).toEqual([true, false]);
  });

  it("counts a frame once, however often it asks", () => {
    const slots = new FrameSlots(2);
    const [a, b] = [slots.make(), slots.make()];
    a.ask();
    a.ask();
    b.ask();
    b.insist();
    expect([a.isLive.value, b.isLive.value]).toEqual([true, true]);
  });
});
