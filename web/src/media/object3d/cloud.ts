/** A point cloud on the graphics card: pages arrive in growing pieces, each piece is one draw call. */
import { Buffer, VertexBuffer } from "@babylonjs/core/Buffers/buffer";
import { Constants } from "@babylonjs/core/Engines/constants";
import type { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial";
import type { RawTexture } from "@babylonjs/core/Materials/Textures/rawTexture";
import { Color3 } from "@babylonjs/core/Maths/math.color";
import { Vector2, Vector3 } from "@babylonjs/core/Maths/math.vector";
import { Mesh } from "@babylonjs/core/Meshes/mesh";
import { SubMesh } from "@babylonjs/core/Meshes/subMesh";
import type { Scene } from "@babylonjs/core/scene";
import type { PointCloud } from "@/api/schema";
import { rgbOf } from "@/lib/image/classColors";
import { bytesOf } from "@/media/object3d/bytes";
import { type ColorMode, type Look, categoryColors } from "@/media/object3d/look";
import { type CloudLayout, layoutOf, nextPages, pageColumns, rangeOf } from "@/media/object3d/pages";
import {
  CATEGORY_LIMIT,
  CategoryList,
  type PointBatch,
  batchFrom,
  extremes,
  middleOf,
  robustBox,
  robustRange,
} from "@/media/object3d/points";
import { rampTexels } from "@/media/object3d/ramp";
import { POINT_MODES, pointsMaterial, rowTexture } from "@/media/object3d/shaders";
import { type Box3, type Vec3, boxOf, sub } from "@/media/object3d/space";
import { dealColors } from "@/state/page/classColors";

/** So many points stay readable for the pointer; the rest is only on the graphics card. */
const READABLE_POINTS = 1_500_000;

interface Piece {
  batch: PointBatch;
  mesh: Mesh;
  subMesh: SubMesh;
  buffers: Buffer[];
  vertexBuffers: VertexBuffer[];
  points: number;
}

export interface CloudDraw {
  /** At most so many points. */
  budget: number;
  /** Device pixels. */
  width: number;
  height: number;
  ratio: number;
  fov: number;
  radius: number;
}

export class CloudPart {
  readonly layout: CloudLayout;
  readonly categories = new CategoryList();
  readonly columns: ReadonlySet<string>;
  /** Points read so far, those that were left out included. */
  loaded = 0;
  failure: string | null = null;
  fit: Box3 | null = null;
  hull: Vec3[] = [];
  valueRange: [number, number] | null = null;
  heightRange: [number, number] | null = null;
  private readonly pieces: Piece[] = [];
  private readonly material: ShaderMaterial;
  private readonly ramp: RawTexture;
  private palette: RawTexture;
  private paletteKey = "";
  private pagesLoaded = 0;
  private wanted = 0;
  private running: Promise<void> | null = null;
  private isDisposed = false;

  constructor(
    private readonly scene: Scene,
    readonly cloud: PointCloud,
    /** What coordinates are relative to; the middle of most points once the first ones are there. */
    public origin: Vec3,
    private readonly up: Vec3,
    private readonly onChange: () => void,
  ) {
    this.layout = layoutOf(cloud);
    this.columns = new Set(cloud.columns.map(({ name }) => name));
    this.material = pointsMaterial(scene, {
      hasColor: this.columns.has("color"),
      hasCategory: this.columns.has("category"),
      hasValue: this.columns.has("value"),
    });
    this.ramp = rowTexture(rampTexels(), scene, true);
    this.palette = rowTexture(new Uint8Array(CATEGORY_LIMIT * 4), scene, false);
    this.material.setTexture("ramp", this.ramp);
    this.material.setTexture("palette", this.palette);
  }

  get box(): Box3 | null {
    const { low, high } = this.cloud;
    return this.layout.points > 0 ? boxOf([sub(low, this.origin), sub(high, this.origin)]) : null;
  }

  get readable(): readonly PointBatch[] {
    return this.pieces.map(({ batch }) => batch);
  }

  /** How many points there are to draw when so many are allowed. */
  drawable(budget: number): number {
    return Math.min(this.loaded, Math.max(budget, this.pieces[0]?.points ?? 0));
  }

  get isLoading(): boolean {
    return this.running !== null;
  }

  /** Points are there up to this many, or on their way. Resolves when the next ones can be drawn. */
  want(budget: number): Promise<void> {
    this.wanted = Math.max(this.wanted, budget);
    if (!this.running && (this.failure !== null || nextPages(this.layout, this.pagesLoaded, this.wanted) === 0)) return Promise.resolve();
    this.running ??= this.load().finally(() => {
      this.running = null;
      this.onChange();
    });
    return this.running;
  }

  /** The first piece, so that there is something to look at. */
  async first(): Promise<void> {
    if (this.pagesLoaded === 0 && this.layout.pages > 0) await this.loadPages(1);
  }

  /** Let go of what is beyond this many points. */
  trim(budget: number): void {
    this.wanted = Math.min(this.wanted, budget);
    while (this.pieces.length > 1 && this.loaded - (this.pieces.at(-1)?.points ?? 0) >= budget) {
      const piece = this.pieces.pop() as Piece;
      this.loaded -= piece.points;
      this.pagesLoaded -= Math.ceil(piece.points / this.layout.pagePoints);
      disposePiece(piece);
    }
  }

  private async load(): Promise<void> {
    try {
      for (;;) {
        const pages = this.isDisposed ? 0 : nextPages(this.layout, this.pagesLoaded, this.wanted);
        if (pages === 0) return;
        await this.loadPages(pages);
        this.onChange();
      }
    } catch (thrown) {
      this.failure = thrown instanceof Error ? thrown.message : String(thrown);
      this.onChange();
    }
  }

  private async loadPages(pages: number): Promise<void> {
    const from = this.pagesLoaded;
    const range = rangeOf(this.layout, from, pages);
    const bytes = await bytesOf(this.cloud.blob, range.start, range.end);
    if (this.isDisposed || this.pagesLoaded !== from) return;
    const found = [];
    for (let page = from, offset = 0; page < from + pages; page++) {
      const { points } = rangeOf(this.layout, page, 1);
      found.push({ columns: pageColumns(bytes, offset, this.cloud, points), points });
      offset += points * this.layout.pointBytes;
    }
    if (from === 0) this.origin = middleOf(found[0]?.columns.get("position")) ?? this.origin;
    const scale = this.cloud.columns.find(({ name }) => name === "color")?.scale ?? 1;
    const batch = batchFrom(found, this.origin, this.categories, scale);
    this.pieces.push(this.pieceFrom(batch, range.points));
    this.pagesLoaded += pages;
    this.loaded += range.points;
    if (this.fit === null && batch.count > 0) this.learnRanges(batch);
    if (this.loaded > READABLE_POINTS) {
      const piece = this.pieces.at(-1) as Piece;
      piece.batch = { count: 0, positions: new Float32Array(0), colors: null, categories: null, values: null, dropped: batch.dropped };
    }
  }

  /** From the first points, which are a fair sample. */
  private learnRanges(batch: PointBatch): void {
    this.fit = robustBox(batch.positions);
    this.hull = this.fit ? extremes(batch.positions, this.fit) : [];
    if (batch.values) this.valueRange = robustRange(batch.values);
    const heights = new Float32Array(batch.count);
    const [x, y, z] = this.up;
    for (let at = 0; at < batch.count; at++) {
      heights[at] =
        (batch.positions[at * 3] as number) * x + (batch.positions[at * 3 + 1] as number) * y + (batch.positions[at * 3 + 2] as number) * z;
    }
    this.heightRange = robustRange(heights);
  }

  private pieceFrom(batch: PointBatch, points: number): Piece {
    const engine = this.scene.getEngine();
    const mesh = new Mesh("points", this.scene);
    const buffers: Buffer[] = [];
    const vertexBuffers: VertexBuffer[] = [];
    const give = (data: Float32Array | Uint8Array | Uint16Array, kind: string, size: number, type: number, isNormalized: boolean): void => {
      const buffer = new Buffer(engine, data, false, size * data.BYTES_PER_ELEMENT, false, false, true);
      const vertices = new VertexBuffer(
        engine,
        buffer,
        kind,
        false,
        false,
        size * data.BYTES_PER_ELEMENT,
        false,
        0,
        size,
        type,
        isNormalized,
        true,
      );
      buffers.push(buffer);
      vertexBuffers.push(vertices);
      mesh.setVerticesBuffer(vertices, false, batch.count);
    };
    mesh.isUnIndexed = true;
    mesh.doNotSyncBoundingInfo = true;
    if (batch.count > 0) {
      give(batch.positions, VertexBuffer.PositionKind, 3, Constants.FLOAT, false);
      if (batch.colors) give(batch.colors, VertexBuffer.ColorKind, 4, Constants.UNSIGNED_BYTE, true);
      if (batch.categories) give(batch.categories, "category", 1, Constants.UNSIGNED_SHORT, false);
      if (batch.values) give(batch.values, "value", 1, Constants.FLOAT, false);
    }
    mesh.subMeshes = [];
    const subMesh = new SubMesh(0, 0, batch.count, 0, batch.count, mesh, mesh, false);
    mesh.material = this.material;
    mesh.alwaysSelectAsActiveMesh = true;
    mesh.hasVertexAlpha = false;
    mesh.isPickable = false;
    mesh.setEnabled(batch.count > 0);
    return { batch, mesh, subMesh, buffers, vertexBuffers, points };
  }

  /** What "auto" is for this cloud. */
  autoMode(): ColorMode {
    if (this.columns.has("color")) return "color";
    if (this.columns.has("category")) return "category";
    return this.columns.has("value") ? "value" : "height";
  }

  modeOf(look: Look): ColorMode {
    return look.mode === "auto" || (look.mode !== "height" && look.mode !== "single" && !this.columns.has(look.mode))
      ? this.autoMode()
      : look.mode;
  }

  apply(look: Look, draw: CloudDraw): void {
    const { material } = this;
    const mode = this.modeOf(look);
    const budget = this.drawable(draw.budget);
    let left = budget;
    for (const { mesh, subMesh, batch, points } of this.pieces) {
      const share = points > 0 ? Math.min(1, left / points) : 0;
      const count = Math.ceil((mesh.getTotalVertices() || batch.count) * share);
      subMesh.verticesCount = count;
      subMesh.indexCount = count;
      mesh.setEnabled(count > 0);
      left = Math.max(0, left - points);
    }
    const range = mode === "value" ? this.valueRange : this.heightRange;
    const size = pointSizeOf(look, draw, budget);
    material.setFloat("mode", POINT_MODES[mode]);
    material.setFloat("pointSize", size.pixels);
    material.setFloat("worldSize", size.world);
    material.setFloat("isRound", size.world > 0 || size.pixels > 2.5 ? 1 : 0);
    material.setVector2("range", new Vector2(range?.[0] ?? 0, range?.[1] ?? 1));
    material.setVector3("upAxis", new Vector3(...this.up));
    material.setColor3("single", new Color3(...rgbOf(look.single).map((value) => value / 255)));
    if (mode === "category") this.paint(look);
  }

  private paint(look: Look): void {
    dealColors(this.cloud.class_labels, this.cloud.class_colors);
    const colors = categoryColors(this.categories.ids, this.cloud.class_labels, look.overlays);
    const key = colors.join();
    if (key === this.paletteKey) return;
    this.paletteKey = key;
    const texels = new Uint8Array(CATEGORY_LIMIT * 4);
    for (const [place, color] of colors.entries()) if (color) texels.set([...rgbOf(color), 255], place * 4);
    const old = this.palette;
    this.palette = rowTexture(texels, this.scene, false);
    this.material.setTexture("palette", this.palette);
    old.dispose();
  }

  dispose(): void {
    this.isDisposed = true;
    for (const piece of this.pieces) disposePiece(piece);
    this.pieces.length = 0;
  }
}

function disposePiece({ mesh, vertexBuffers, buffers }: Piece): void {
  mesh.dispose(false, false);
  for (const buffer of vertexBuffers) buffer.dispose();
  for (const buffer of buffers) buffer.dispose();
}

/** Few points are drawn larger, so that surfaces close; a size by hand is in screen pixels, or in the world's. */
export function pointSizeOf(
  look: Look,
  { width, height, ratio, fov, radius }: CloudDraw,
  points: number,
): { pixels: number; world: number } {
  if (look.pointSize === null) {
    return { pixels: Math.min(5 * ratio, Math.max(1.3 * ratio, 1.05 * Math.sqrt((width * height) / Math.max(1, points)))), world: 0 };
  }
  if (!look.isWorldSize) return { pixels: look.pointSize * ratio, world: 0 };
  return { pixels: 1, world: (look.pointSize * radius * height) / (400 * Math.tan((fov * Math.PI) / 360)) };
}
