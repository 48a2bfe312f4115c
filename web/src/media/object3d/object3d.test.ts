import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { CannedSource } from "@/api/canned";
import type { BlobRef, Box3D, Object3DRecord, PointCloud } from "@/api/schema";
import { DEFAULT_OVERLAYS, withClasses, withScores } from "@/lib/image/overlayState";
import { WHITE_PIXEL, checkGltf, findFile, rewriteGlb, splitAddress } from "@/media/object3d/files";
import { DEFAULT_LOOK, formatLook, parseLook } from "@/media/object3d/look";
import { type Numbers, halfFromBits, layoutOf, nextPages, numbersFrom, pageColumns, rangeOf } from "@/media/object3d/pages";
import { CategoryList, batchFrom, extremes, middleOf, pickPoint, robustRange } from "@/media/object3d/points";
import { rampColor } from "@/media/object3d/ramp";
import { boxText, cornersOf, gridOf, isBoxShown, sceneryOf } from "@/media/object3d/scenery";
import {
  HOME,
  type Orientation,
  PRESETS,
  type Vec3,
  type View3D,
  centredOn,
  cross,
  dot,
  fitted,
  formatView3D,
  frameFrom,
  gridStep,
  lengthOf,
  orbitBy,
  panBy,
  parseView3D,
  poseOf,
  sub,
  viewFromCamera,
  zoomAt,
} from "@/media/object3d/space";
import { readStl } from "@/media/object3d/stl";
import { formatViews, object3dViews, parseViews } from "@/media/object3d/views";
import type { Route } from "@/state/page/route";
import { makeScope } from "@/state/scope";
import { coordinate, describe as describeRecord, factRows, shortCount } from "@/media/object3d/words";

const blob = (size: number, name = "a"): BlobRef => ({
  sha256: name.repeat(64).slice(0, 64),
  size_bytes: size,
  mime: "application/octet-stream",
});

function cloudOf(more: Partial<PointCloud> = {}): PointCloud {
  return {
    blob: blob(10 * 13), count: 10, page_points: 4, order: "scatter", low: [0, 0, 0], high: [1, 1, 1],
    columns: [{ name: "position", dtype: "<f4", components: 3 }, { name: "category", dtype: "|u1", components: 1 }],
    ...more,
  };
}

const close = (a: readonly number[], b: readonly number[]): void => a.forEach((value, at) => expect(value).toBeCloseTo(b[at] as number, 6));

describe("pages of a cloud", () => {
  it("lie one after another, the last one shorter", () => {
    const layout = layoutOf(cloudOf());
    expect(layout).toEqual({ points: 10, declared: 10, pagePoints: 4, pages: 3, pointBytes: 13 });
    expect(rangeOf(layout, 0, 1)).toEqual({ start: 0, end: 52, points: 4 });
    expect(rangeOf(layout, 1, 2)).toEqual({ start: 52, end: 130, points: 6 });
    expect(rangeOf(layout, 2, 9)).toEqual({ start: 104, end: 130, points: 2 });
  });

  it("are counted by the bytes that are there, not by what the record says", () => {
    const layout = layoutOf(cloudOf({ count: 1_000_000_000 }));
    expect(layout.points).toBe(8);
    expect(layout.declared).toBe(1_000_000_000);
    for (const count of [-1, 0.5, NaN, 2 ** 60]) expect(() => layoutOf(cloudOf({ count }))).toThrow(/points/);
    expect(() => layoutOf(cloudOf({ page_points: 0 }))).toThrow(/page/);
    expect(() => layoutOf(cloudOf({ columns: [{ name: "position", dtype: "|O", components: 3 }] }))).toThrow(/can't read/);
    expect(() => layoutOf(cloudOf({ columns: [{ name: "position", dtype: "<f4", components: 1e9 }] }))).toThrow(/components/);
  });

  it("are fetched in doubling pieces up to the budget", () => {
    const layout = { points: 1_000_000, declared: 1_000_000, pagePoints: 10_000, pages: 100, pointBytes: 16 };
    let loaded = 0;
    const steps: number[] = [];
    for (let more = nextPages(layout, loaded, 200_000); more > 0; more = nextPages(layout, loaded, 200_000)) {
      steps.push(more);
      loaded += more;
    }
    expect(steps).toEqual([1, 1, 2, 4, 8, 4]);
    expect(nextPages(layout, 100, Infinity)).toBe(0);
    expect(nextPages({ ...layout, points: 0, pages: 0 }, 0, 1_000)).toBe(0);
    expect(nextPages({ ...layout, pointBytes: 100_000 }, 64, Infinity)).toBe(1);
  });

  it("are cut into columns whatever their alignment", () => {
    const bytes = new ArrayBuffer(1 + 2 * 13);
    const view = new DataView(bytes);
    [1, 2, 3, 4, 5, 6].forEach((value, at) => view.setFloat32(1 + at * 4, value, true));
    view.setUint8(25, 7);
    view.setUint8(26, 9);
    const columns = pageColumns(bytes, 1, cloudOf(), 2);
    expect([...(columns.get("position") ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(columns.get("category") ?? [])]).toEqual([7, 9]);
    expect(() => pageColumns(bytes, 2, cloudOf(), 2)).toThrow(/ends/);
    expect(() => numbersFrom(bytes, 0, "<u4", 2 ** 31)).toThrow(/shorter/);
    expect([0x3c00, 0xc000, 0x7c00, 0x0001].map(halfFromBits)).toEqual([1, -2, Infinity, 2 ** -24]);
  });
});

describe("points", () => {
  it("become float32 near zero, however far away they are, and lose those that are not finite", () => {
    const position = new Float64Array([4_100_000.125, 5, 6, NaN, 0, 0, 4_100_001.25, 5, 7, Infinity, 1, 1]);
    const categories = new CategoryList();
    const batch = batchFrom(
      [
        {
          columns: new Map<string, Numbers>([
            ["position", position],
            ["category", new Uint8Array([3, 9, 200, 4])],
            ["color", new Float32Array([0, 0.5, 1, 0, 0, 0, 2, -1, 0.25, 0, 0, 0])],
          ]),
          points: 4,
        },
      ],
      [4_100_000, 5, 6],
      categories,
      255,
    );
    expect([...batch.positions]).toEqual([0.125, 0, 0, 1.25, 0, 1]);
    expect(batch.dropped).toBe(2);
    expect([...(batch.colors ?? [])]).toEqual([0, 128, 255, 255, 255, 0, 64, 255]);
    expect([...(batch.categories ?? [])].map((place) => categories.ids[place])).toEqual([3, 200]);
  });

  it("have a middle and a range that strays do not move", () => {
    const xyz = Float64Array.from({ length: 3_000 }, (_, at) => 100 + ((Math.floor(at / 3) * 7) % 1_000) / 1_000);
    xyz[0] = 1e30;
    xyz[4] = NaN;
    for (const value of middleOf(xyz) ?? []) expect(Math.abs(value - 100.5)).toBeLessThan(0.01);
    expect(middleOf([])).toBeNull();
    expect(robustRange(new Float32Array([NaN, Infinity]))).toBeNull();
    expect(robustRange(Float32Array.from({ length: 101 }, (_, at) => at))).toEqual([1, 99]);
    expect(extremes([0, 0, 0, 1, 0, 0, 9, 9, 9], { low: [-1, -1, -1], high: [2, 2, 2] })).toContainEqual([1, 0, 0]);
  });

  it("are picked by the nearest to the eye", () => {
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const batch = {
      count: 2,
      positions: new Float32Array([0, 0, 0.9, 0.001, 0, 0.1]),
      colors: null,
      categories: null,
      values: null,
      dropped: 0,
    };
    expect(pickPoint([batch], identity, { x: 50, y: 50 }, { width: 100, height: 100 }, 4)?.index).toBe(1);
    expect(pickPoint([batch], identity, { x: 10, y: 10 }, { width: 100, height: 100 }, 4)).toBeNull();
  });
});

describe("the view", () => {
  const rightHanded = { up: "y", isRightHanded: true } as const;
  const frame = frameFrom({ low: [-1, -1, -1], high: [1, 1, 1] });
  const from = (name: keyof typeof PRESETS, orientation: Orientation): ReturnType<typeof poseOf> =>
    poseOf({ ...HOME, ...PRESETS[name] }, frame, orientation, 1);

  it("stands where the preset says", () => {
    close(from("front", rightHanded).toward, [0, 0, 1]);
    close(from("right", rightHanded).toward, [1, 0, 0]);
    close(from("top", rightHanded).toward, [0, 1, 0]);
    close(from("top", rightHanded).up, [0, 0, -1]);
    close(from("front", { up: "z", isRightHanded: true }).toward, [0, -1, 0]);
    close(from("front", { up: "z", isRightHanded: true }).right, [1, 0, 0]);
    close(from("front", { up: "y", isRightHanded: false }).toward, [0, 0, -1]);
    close(from("front", { up: "-y", isRightHanded: true }).up, [0, -1, 0]);
  });

  it("never mirrors: right, up and toward the eye have the hand of the data", () => {
    for (const up of ["x", "y", "z", "-x", "-y", "-z"] as const) {
      for (const isRightHanded of [true, false]) {
        for (const [yaw, pitch, roll] of [[0, 0, 0], [37, 20, 0], [-120, -70, 15], [10, 90, 0]] as const) {
          const pose = poseOf({ ...HOME, yaw, pitch, roll }, frame, { up, isRightHanded }, 1.5);
          expect(dot(cross(pose.right, pose.up), pose.toward)).toBeCloseTo(isRightHanded ? 1 : -1, 9);
          expect(lengthOf(sub(pose.eye, pose.target))).toBeCloseTo(pose.distance, 9);
        }
      }
    }
  });

  it("fits what is in the frame", () => {
    for (const aspect of [0.4, 1, 2.5]) {
      const view = fitted(HOME, frame, rightHanded, aspect);
      const pose = poseOf(view, frame, rightHanded, aspect);
      const rise = Math.tan((pose.fov * Math.PI) / 360);
      const reach = frame.hull.map((point) => {
        const ahead = pose.distance - dot(point, pose.toward);
        return Math.max(Math.abs(dot(point, pose.right)) / (ahead * rise * aspect), Math.abs(dot(point, pose.up)) / (ahead * rise));
      });
      expect(Math.max(...reach)).toBeCloseTo(0.86, 6);
    }
  });

  it("turns, pans and zooms at the pointer", () => {
    const size = { width: 200, height: 100 };
    expect(orbitBy(HOME, 0, 1e6, size).pitch).toBe(90);
    expect(Math.abs(orbitBy(HOME, 1e5, 0, size).yaw)).toBeLessThanOrEqual(180);
    const pose = poseOf(HOME, frame, rightHanded, 2);
    const screenOf = (view: View3D, point: Vec3): [number, number] => {
      const now = poseOf(view, frame, rightHanded, 2);
      const offset = sub(point, now.eye);
      const depth = -dot(offset, now.toward);
      const rise = Math.tan((now.fov * Math.PI) / 360) * depth;
      return [(dot(offset, now.right) / rise / 2 + 1) * 100, (1 - dot(offset, now.up) / rise) * 50];
    };
    const spot: Vec3 = [pose.target[0] + pose.right[0] * 0.3, pose.target[1] + pose.right[1] * 0.3, pose.target[2] + pose.right[2] * 0.3];
    const [x, y] = screenOf(HOME, spot);
    close(screenOf(zoomAt(HOME, 2.5, { x, y }, pose, frame, size), spot), [x, y]);
    close(screenOf(panBy(HOME, 12, -7, pose, frame, size), spot), [x + 12, y - 7]);
    close(screenOf(centredOn(HOME, spot, frame), spot), [100, 50]);
  });

  it("takes the place of a camera", () => {
    const camera = { position: [3, 4, 5] as Vec3, target: [0.5, 0, 1] as Vec3, up: [0.2, 1, 0] as Vec3, fov: 60 };
    const pose = poseOf(viewFromCamera(camera, frame, rightHanded, 1.3), frame, rightHanded, 1.3);
    close(pose.eye, camera.position);
    close(pose.target, camera.target);
    expect(dot(pose.right, camera.up)).toBeCloseTo(0, 6);
    expect(dot(pose.up, camera.up)).toBeGreaterThan(0);
  });

  it("survives the URL", () => {
    const view: View3D = { yaw: -12.3, pitch: 45, roll: 0, zoom: 2.5, target: [0.1, -0.25, 0], fov: 40 };
    expect(parseView3D(formatView3D(view))).toEqual(view);
    for (const text of ["", "1_2_3", "a_b_c_d_e_f_g_h", "0_0_0_0_0_0_0_40", "0_0_0_1_0_0_0_200"]) expect(parseView3D(text)).toBeUndefined();
    const views = new Map([["a/b ~*c", view], ["두", { ...view, zoom: 7 }]]);
    expect(parseViews(formatViews(views))).toEqual(views);
    expect(parseViews("x*~*y~1").size).toBe(0);
    const look = { ...DEFAULT_LOOK, mode: "height", pointSize: 2.25, isWorldSize: true, hasGrid: false } as const;
    expect(parseLook(formatLook(look))).toEqual(look);
    expect(parseLook("nonsense.p")).toEqual(DEFAULT_LOOK);
  });

  it("keeps the frame of a tile over steps until it makes no sense", () => {
    const route = signal<Route>({ page: "projects" });
    const { frameOfTile } = object3dViews(makeScope({ source: new CannedSource({}), namespace: "3d.", route }));
    const tile = { run: 1, key: "steps", index: 0 };
    const first = frameFrom({ low: [0, 0, 0], high: [2, 2, 2] });
    expect(frameOfTile(tile, first, [0, 0, 0])).toBe(first);
    const grown = frameFrom({ low: [0.1, 0, 0], high: [2.8, 2.5, 2.2] });
    expect(frameOfTile(tile, grown, [0, 0, 0]).radius).toBe(first.radius);
    // The same place told from another origin.
    close(frameOfTile(tile, frameFrom({ low: [-5, -5, -5], high: [-3, -3, -3] }), [5, 5, 5]).centre, [-4, -4, -4]);
    const other = frameFrom({ low: [0, 0, 0], high: [200, 200, 200] });
    expect(frameOfTile(tile, other, [0, 0, 0])).toBe(other);
  });

  it("has a grid of round steps", () => {
    expect([0.6, 1.3, 7, 40, 6e5].map(gridStep)).toEqual([0.1, 0.2, 1, 5, 1e5]);
    const { segments, step } = gridOf({ low: [-3, 2, -3], high: [3, 5, 3] }, rightHanded, [0.3, 0, 0.3], "#808080");
    expect(segments.every(({ from: a }) => a[1] === 2)).toBe(true);
    const lines = segments.filter(({ from: a, to: b }) => a[0] === b[0]).map(({ from: a }) => (a[0] + 0.3) / step);
    lines.forEach((line) => expect(line).toBeCloseTo(Math.round(line), 6));
  });
});

describe("what is drawn beside", () => {
  const corners = Array.from({ length: 8 }, (_, at): Vec3 => [at & 4 ? 1 : 0, at & 2 ? 1 : 0, at & 1 ? 1 : 0]) as [
    number,
    number,
    number,
  ][];
  const box = (more: Partial<Box3D> = {}): Box3D => ({ corners, label: "car", score: 0.4, ...more });

  it("has the twelve edges of a box, in whatever order its corners came", () => {
    const order = [3, 1, 0, 2, 7, 5, 4, 6];
    const mixed = order.map((_, place) => corners[order.indexOf(place)] as [number, number, number]);
    for (const one of [box(), box({ corners: mixed, order })]) {
      const { segments, tags } = sceneryOf(
        { kind: "object3d", form: "cloud", format: "array", boxes: [one] },
        DEFAULT_OVERLAYS,
        [0, 0, 0],
        { up: "z", isRightHanded: true },
        1,
      );
      expect(segments).toHaveLength(12);
      for (const { from, to } of segments) expect(lengthOf(sub(from, to))).toBeCloseTo(1);
      expect(tags).toEqual([{ at: [0.5, 0.5, 1], text: "car 0.40", color: expect.stringMatching(/^#/) as string }]);
    }
    expect(cornersOf(box({ corners: [[NaN, 0, 0], ...corners.slice(1)] }))).toBeNull();
    expect(boxText(box({ label: null, score: null }))).toBe("");
  });

  it("follows the page's classes and thresholds", () => {
    expect(isBoxShown(box(), DEFAULT_OVERLAYS)).toBe(true);
    expect(isBoxShown(box(), withClasses(DEFAULT_OVERLAYS, ["car"], false))).toBe(false);
    expect(isBoxShown(box(), withScores(DEFAULT_OVERLAYS, "3D boxes", "score", [0.5, null]))).toBe(false);
    expect(isBoxShown(box({ score: null }), withScores(DEFAULT_OVERLAYS, "3D boxes", "score", [0.5, null]))).toBe(true);
  });
});

describe("files of a model", () => {
  const record = { files: { "a b.png": blob(3, "b"), "sub/x.bin": blob(12, "c"), "./m.mtl": blob(1, "d") } };

  it("are found by the names that loaders ask for, and nothing else is", () => {
    for (const name of ["a b.png", "a%20b.png", "./a b.png", "C:\\art\\A B.PNG", "sub\\x.bin", "sub/x.bin", "m.mtl", "./m.mtl"]) {
      expect(findFile(record, name).is, name).toBe("blob");
    }
    for (const name of [
      "http://evil.test/a b.png",
      "//evil.test/a b.png",
      "\\\\evil\\a b.png",
      "file:///etc/passwd",
      "../../etc/passwd",
      "blob:x",
      "data:text/html,x",
      "constructor",
      "__proto__",
    ]) {
      expect(findFile(record, name).is, name).toBe("refused");
    }
    expect(splitAddress("diorama3d:12/a/b.png")).toEqual({ id: 12, name: "a/b.png" });
    expect(splitAddress("https://evil.test/diorama3d:12/a")).toBeNull();
  });

  it("of a glTF are checked before the loader sees them", () => {
    const warnings: string[] = [];
    const good = {
      asset: { version: "2.0" },
      buffers: [{ uri: "sub/x.bin", byteLength: 12 }],
      images: [{ uri: "http://evil.test/x.png" }, { uri: "a b.png" }],
    };
    const checked = checkGltf(structuredClone(good), record, warnings) as typeof good;
    expect(checked.images.map(({ uri }) => uri)).toEqual([WHITE_PIXEL, "a b.png"]);
    expect(warnings).toHaveLength(1);
    const bad = (more: object): (() => unknown) => () => checkGltf({ ...structuredClone(good), ...more }, record, []);
    expect(bad({ buffers: [{ uri: "../../etc/passwd" }] })).toThrow(/not logged with it/);
    expect(bad({ extensionsRequired: ["KHR_draco_mesh_compression"] })).toThrow(/Draco/);
    expect(bad({ nodes: [{ children: [1] }, { children: [0] }] })).toThrow(/ring/);
    expect(bad({ nodes: [{ children: [0] }] })).toThrow(/ring/);
    expect(bad({ nodes: [{ children: [7] }] })).toThrow(/does not have/);
    expect(bad({ nodes: Array.from({ length: 1_500 }, (_, at) => (at < 1_499 ? { children: [at + 1] } : {})) })).toThrow(/deep/);
    expect(bad({ bufferViews: [{ buffer: 0, byteLength: 13 }] })).toThrow(/cut off/);
    expect(
      bad({
        bufferViews: [{ buffer: 0, byteLength: 12 }],
        accessors: [{ bufferView: 0, componentType: 5126, type: "VEC3", count: 2 ** 31 }],
      }),
    ).toThrow(/more than there is/);
    expect(bad({ accessors: [{ componentType: 5126, type: "VEC3", count: 2 ** 31 }] })).toThrow(/more than there is/);
    expect(
      bad({ bufferViews: [{ buffer: 0, byteLength: 12 }], accessors: [{ bufferView: 0, componentType: 5126, type: "VEC3", count: 1 }] }),
    ).not.toThrow();
    expect(() => checkGltf([], record, [])).toThrow(/no glTF/);
  });

  it("of a .glb keep their bytes when its JSON is changed", () => {
    const json = new TextEncoder().encode('{"asset":{}} ');
    const file = new Uint8Array(20 + json.length + 3 + 12);
    const view = new DataView(file.buffer);
    [
      [0, 0x46546c67],
      [4, 2],
      [8, file.length],
      [12, 16],
      [16, 0x4e4f534a],
      [36, 4],
      [40, 0x004e4942],
      [44, 0x12345678],
    ].forEach(([at, value]) => view.setUint32(at as number, value as number, true));
    file.set([...json, 0x20, 0x20, 0x20], 20);
    const out = new DataView(rewriteGlb(file.buffer, (found, own) => ({ ...(found as object), own })));
    const length = out.getUint32(12, true);
    expect(length % 4).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(out.buffer.slice(20, 20 + length)))).toEqual({ asset: {}, own: 4 });
    expect(out.getUint32(20 + length + 8, true)).toBe(0x12345678);
    expect(() => rewriteGlb(new ArrayBuffer(30), (found) => found)).toThrow(/no \.glb/);
    expect(() => rewriteGlb(file.buffer.slice(0, 24), (found) => found)).toThrow(/cut off/);
  });
});

describe("STL", () => {
  it("is read in both forms, with normals of its own", () => {
    const text = "solid a\nfacet normal 9 9 9\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid";
    const bytes = new ArrayBuffer(134);
    const view = new DataView(bytes);
    view.setUint32(80, 1, true);
    [0, 0, 0, 1, 0, 0, 0, 1, 0].forEach((value, at) => view.setFloat32(96 + at * 4, value, true));
    for (const found of [readStl(new TextEncoder().encode(text).buffer), readStl(bytes)]) {
      expect([...found.positions]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0]);
      expect([...found.normals]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1]);
    }
    view.setUint32(80, 4_000_000_000, true);
    expect(() => readStl(bytes)).toThrow(/holds only 1/);
    expect(() => readStl(new ArrayBuffer(3))).toThrow(/too short/);
  });
});

describe("words", () => {
  it("count and place", () => {
    expect([950, 1_234, 999_600, 10_000_000, 2e9].map(shortCount)).toEqual(["950", "1.23 k", "1 M", "10 M", "2 B"]);
    expect(coordinate(499_951.23456, 70)).toBe("499951.23");
    expect(coordinate(-0.00001, 1)).toBe("0.000");
    expect(rampColor(0)).toEqual([68, 1, 84]);
    expect(rampColor(NaN)).toEqual([68, 1, 84]);
    expect(rampColor(2)).toEqual([253, 231, 37]);
  });

  it("say what a record is", () => {
    const record: Object3DRecord = {
      kind: "object3d",
      form: "cloud",
      format: "array",
      cloud: cloudOf({ non_finite: 2 }),
      boxes: [{ corners: [] }],
      up: "z",
    };
    expect(describeRecord(record)).toBe("point cloud, 10 points, 1 box");
    const rows = Object.fromEntries(factRows(record).map(({ name, value }) => [name, value]));
    expect(rows["up"]).toBe("z · right-handed");
    expect(rows["not finite"]).toMatch(/^2 points/);
  });
});
