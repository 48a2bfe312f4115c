import { describe, expect, it } from "vitest";
import type { RunView } from "@/api/schema";
import { exactNames, isMedia, lastNameAt, leavesOf, tellingPaths, valueAt, valueIn } from "@/lib/runs/paths";

function run(uid: number, config: Record<string, unknown>, more: Partial<RunView> = {}): RunView {
  return {
    uid, entity: "lab", project: "scenes", id: `run${uid}`, name: `run ${uid}`, state: "finished", is_stale: false, created_at: 0,
    last_activity_at: 1, runtime_secs: 1, exit_code: 0, last_step: 3, notes: "", tags: [], group: null, job_type: null, host: null,
    config, summary: {}, version: 1, ...more,
  };
}

describe("valueIn", () => {
  it("finds nested values and keys with dots", () => {
    expect(valueIn({ a: { b: { c: 1 } } }, "a.b.c")).toBe(1);
    expect(valueIn({ "a.b": { c: 2 } }, "a.b.c")).toBe(2);
    expect(valueIn({ a: { "b.c": 3 } }, "a.b.c")).toBe(3);
    expect(valueIn({ a: 1 }, "a.b")).toBeUndefined();
    expect(valueIn({ "metrics/mAP_0.5": 0.4 }, "metrics/mAP_0.5")).toBe(0.4);
  });

  it("tells a nested value from a key with a dot", () => {
    const both = { acc: { top: 1 }, "acc.top": 7 };
    expect(valueIn(both, "acc.top")).toBe(1);
    expect(valueIn(both, "acc\\.top")).toBe(7);
    expect(valueIn({ "acc.top": 7 }, "acc.top")).toBe(7);
    expect(valueIn({ "a\\b": 2 }, "a\\b")).toBe(2);
  });

  it("looks only at what was logged", () => {
    expect(valueIn({}, "__proto__")).toBeUndefined();
    expect(valueIn({}, "constructor.name")).toBeUndefined();
    expect(valueIn({}, "toString")).toBeUndefined();
    expect(valueIn(JSON.parse('{"__proto__": {"x": 5}}') as Record<string, unknown>, "__proto__.x")).toBe(5);
  });
});

describe("exactNames", () => {
  it("splits at dots that belong to no name", () => {
    expect(exactNames("a.b")).toEqual(["a", "b"]);
    expect(exactNames("a\\.b.c")).toEqual(["a.b", "c"]);
    expect(exactNames("a\\\\.b")).toEqual(["a\\", "b"]);
    expect(exactNames("a..\\.")).toEqual(["a", "", "."]);
    expect(exactNames("a\\")).toEqual(["a\\"]);
  });
});

describe("lastNameAt", () => {
  it("leaves a key with dots whole", () => {
    const view = run(1, { optimizer: { lr: 0.1 } }, { summary: { "m@0.5": 2 } });
    expect(["config.optimizer.lr", "summary.m@0.5", "state"].map((path) => lastNameAt(view, path))).toEqual(["lr", "m@0.5", "State"]);
  });
});

describe("valueAt", () => {
  it("reads fields, config and summary", () => {
    const view = run(1, { lr: 0.1 }, { summary: { "val/loss": 2 } });
    expect([valueAt(view, "name"), valueAt(view, "config.lr"), valueAt(view, "summary.val/loss")]).toEqual(["run 1", 0.1, 2]);
    expect(valueAt(view, "hasOwnProperty")).toBeUndefined();
  });
});

describe("leavesOf", () => {
  it("takes numbers without JSON form and media for leaves", () => {
    const tree = { a: { _number: "NaN" }, b: { kind: "image", width: 3 }, c: { d: [1] }, e: {} };
    expect(leavesOf(tree).map(([path]) => path)).toEqual(["a", "b", "c.d", "e"]);
    expect([isMedia(tree.b), isMedia(tree.c)]).toEqual([true, false]);
  });
});

describe("tellingPaths", () => {
  it("takes what differs, numbers first, and leaves seeds out", () => {
    const runs = [1, 2, 3].map((n) =>
      run(n, { seed: n, lr: n / 10, same: 7, model: { name: "m", depth: n % 2 }, opt: n > 1 ? "adam" : "sgd" }),
    );
    expect(tellingPaths(runs)).toEqual(["lr", "model.depth", "opt"]);
  });

  it("takes a seed when there is nothing else", () => {
    expect(tellingPaths([run(1, { seed: 1 }), run(2, { seed: 2 })])).toEqual(["seed"]);
    expect(tellingPaths([run(1, { lr: 1 }), run(2, { lr: 1 })])).toEqual([]);
  });
});
