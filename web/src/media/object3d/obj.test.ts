import { describe, expect, it } from "vitest";
import { plainObj } from "@/media/object3d/obj";

const SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n";
const lines = (source: string, word: string): string[] =>
  plainObj(source, null)
    .text.split("\n")
    .filter((line) => line.startsWith(`${word} `));

describe("an OBJ is made plain for its loader", () => {
  it("whatever groups and objects its faces lie in", () => {
    const red = "g cube_red\nusemtl red\nf 1 2 3\n";
    const wings = `mtllib a.mtl\no cube\n${SQUARE}${red}g cube_blue\nusemtl blue\nf 1 3 4\nusemtl red\nf 2 3 4\n`;
    expect(
      plainObj(wings, "m.mtl")
        .text.split("\n")
        .filter((line) => !line.startsWith("v")),
    ).toEqual(["mtllib m.mtl", "usemtl red", "f 1 2 3", "f 2 3 4", "usemtl blue", "f 1 3 4", ""]);
  });
  it("with numbers counted from the end, tabs, comments and lines that go on", () => {
    expect(lines(`${SQUARE}f\t-4 -3 \\\n -2 -1 # all\r\n`, "f")).toEqual(["f 1 2 3 4"]);
    expect(lines(`${SQUARE}vt 0 0\nvn 0 0 1\nf -4/-1/-1 2/1/1 3/1/1\n`, "f")).toEqual(["f 1/1/1 2/1/1 3/1/1"]);
  });
  it("normals only where all faces have them", () => {
    expect(lines(`${SQUARE}vn 0 0 1\nf 1//1 2//1 3//1\nf 1 3 4\n`, "f")).toEqual(["f 1 2 3", "f 1 3 4"]);
    expect(lines(`${SQUARE}vn 0 0 1\nf 1//1 2//1 3//1\n`, "f")).toEqual(["f 1//1 2//1 3//1"]);
  });
  it("says how many faces name what is not there", () => {
    const { text, warnings } = plainObj(`${SQUARE}f 1 2 3\nf 1 2 9\nf 0 1 2\nf 1 2\nf a b c\n`, null);
    expect(text).toContain("f 1 2 3");
    expect(warnings).toEqual(["4 of its faces can't be drawn: they name vertices that are not there"]);
  });
  it("says in a few words what is no OBJ", () => {
    expect(() => plainObj("hello\n".repeat(10_000), null)).toThrow("no vertices");
    expect(() => plainObj(`v 1 x ${"y".repeat(10_000)}\n`, null)).toThrow(/^The file is broken: .{1,80}$/);
  });
});

describe("the colours of vertices", () => {
  it("from 0 to 1 or to 255, as all of them say together", () => {
    expect(lines("v 0 0 0 1 0.5 0\nv 1 0 0 0 0 1.0000002\n", "v")).toEqual(["v 0 0 0 1 0.5 0", "v 1 0 0 0 0 1"]);
    expect(lines("v 0 0 0 255 51 1\nv 1 0 0 0 0 300\n", "v")).toEqual(["v 0 0 0 1 0.2 0.00392156862745098", "v 1 0 0 0 0 1"]);
    expect(plainObj(SQUARE, null).hasColors).toBe(false);
  });
  it("as ZBrush writes them", () => {
    const { text, hasColors } = plainObj(`v 0 0 0\nv 1 0 0\n#MRGB ffff0000ff0000ff\n`, null);
    expect(hasColors).toBe(true);
    expect(text.split("\n").slice(0, 2)).toEqual(["v 0 0 0 1 0 0", "v 1 0 0 0 0 1"]);
  });
});
