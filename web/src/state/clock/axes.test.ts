import { signal } from "@preact/signals";
import { expect, it } from "vitest";
import type { KeyView } from "@/api/schema";
import { makeAxes } from "@/state/clock/axes";

it("an axis that no run has logged is named where nothing can be shown", () => {
  const axis = signal("step");
  const keys = signal<KeyView[]>([]);
  const { nothingText } = makeAxes({
    clock: { axis },
    keys: { keys, keyOf: ({ key }) => keys.value.find((view) => view.key === key) },
    runs: { visibleKey: signal("1") },
  });
  axis.value = "nosuch";
  expect(nothingText.value).toBe("nothing logged yet");
  keys.value = [{ key: "loss", kind: "metric", step_key: null, is_hidden: false, runs: [] }];
  expect(nothingText.value).toBe("nothing logged with nosuch");
  for (const known of ["loss", "relative", "step"]) {
    axis.value = known;
    expect(nothingText.value).toBe("nothing logged yet");
  }
});
