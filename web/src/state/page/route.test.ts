import { describe, expect, it } from "vitest";
import { navigate, projectPath, route, routeOf, runPath } from "@/state/page/route";
import { currentSearch, urlSignal } from "@/state/page/url";

const filter = urlSignal("q-route", "");

describe("routeOf", () => {
  it("reads every page", () => {
    expect(routeOf("/")).toEqual({ page: "projects" });
    expect(routeOf("/lab/scenes")).toEqual({ page: "workspace", entity: "lab", project: "scenes" });
    expect(routeOf("/lab/scenes/table")).toEqual({ page: "table", entity: "lab", project: "scenes" });
    expect(routeOf("/lab/scenes/runs/a1")).toEqual({ page: "run", entity: "lab", project: "scenes", id: "a1", tab: "overview" });
    expect(routeOf("/lab/scenes/runs/a1/logs")).toMatchObject({ tab: "logs" });
  });

  it("calls unknown what it does not know", () => {
    for (const path of [
      "/lab",
      "/lab/scenes/runs",
      "/lab/scenes/runs/a/nothing",
      "/lab/scenes/runs/a/logs/x",
      "/lab/scenes/other",
      "/%E0%A4%A",
    ]) {
      expect(routeOf(path).page).toBe("unknown");
    }
  });

  it("survives names of every kind", () => {
    const run = { entity: "lab é", project: "a b&c=d", id: "x'y;z" };
    expect(routeOf(runPath(run, "files"))).toEqual({ page: "run", ...run, tab: "files" });
    expect(routeOf(projectPath("runs", "table"))).toEqual({ page: "workspace", entity: "runs", project: "table" });
  });
});

describe("navigate", () => {
  it("keeps the view inside a project and drops it on the way out", () => {
    navigate("/lab/scenes");
    filter.value = "lr>1";
    navigate("/lab/scenes/runs/a1/logs");
    expect([route.value.page, filter.value]).toEqual(["run", "lr>1"]);
    navigate("/lab/other");
    expect([filter.value, currentSearch()]).toEqual(["", ""]);
    navigate("/lab/other/table?q-route=x");
    expect([route.value.page, filter.value]).toEqual(["table", "x"]);
  });
});
