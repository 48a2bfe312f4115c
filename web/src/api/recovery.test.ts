import { expect, it } from "vitest";
import { noteDown, noteUp, onDown, onRecovery } from "@/api/recovery";

it("tells of each silence of the server once, and of its end", () => {
  const heard: string[] = [];
  const stops = [onDown(() => heard.push("down")), onRecovery(() => heard.push("again"))];
  noteUp(); // it was never away
  expect(noteDown()).toBe(true);
  expect(noteDown()).toBe(false);
  noteUp();
  noteUp();
  noteDown();
  expect(heard).toEqual(["down", "again", "down"]);
  for (const stop of stops) stop();
  noteUp();
  expect(heard).toHaveLength(3);
});
