/**
 * One record as a scene, ready to be drawn from anywhere by any tile. Lives in a cache, so that a tile and its full
 * view share it and scrubbing back is instant.
 */
import { Camera } from "@babylonjs/core/Cameras/camera";
import { Color4 } from "@babylonjs/core/Maths/math.color";
import { Matrix, Vector3 } from "@babylonjs/core/Maths/math.vector";
import { Ray } from "@babylonjs/core/Culling/ray";
import { Scene } from "@babylonjs/core/scene";
import type { Object3DRecord } from "@/api/schema";
import { rgbOf } from "@/lib/image/classColors";
import { CloudPart } from "@/media/object3d/cloud";
import { drawScene, sharedEngine } from "@/media/object3d/engine";
import { Lights } from "@/media/object3d/light";
import { LinePart } from "@/media/object3d/lines";
import type { Look } from "@/media/object3d/look";
import { type ModelPart, loadMesh, loadModel, setWireframe } from "@/media/object3d/model";
import { pickPoint } from "@/media/object3d/points";
import { type Scenery, gridOf, sceneryOf } from "@/media/object3d/scenery";
import { type SplatPart, loadSplats } from "@/media/object3d/splat";
import {
  type Box3,
  type Frame,
  type Orientation,
  type Pose,
  type Vec3,
  add,
  axesOf,
  boxOf,
  centreOf,
  frameFrom,
  isFiniteVec,
  joinBoxes,
  lengthOf,
  radiusOf,
  sub,
} from "@/media/object3d/space";

export interface DrawRequest {
  pose: Pose;
  look: Look;
  /** Points at most. */
  budget: number;
  /** Device pixels. */
  width: number;
  height: number;
  ratio: number;
  frame: Frame;
  /** Seconds into the animations; null stands still. */
  animationSecs: number | null;
}

/** A camera that is told where it stands: no inputs, no inertia. */
class StageCamera extends Camera {
  private readonly matrix = Matrix.Identity();

  stand({ eye, target, up }: Pick<Pose, "eye" | "target" | "up">, isRightHanded: boolean): void {
    this.position.set(...eye);
    this.upVector.set(...up);
    const look = isRightHanded ? Matrix.LookAtRHToRef : Matrix.LookAtLHToRef;
    look(this.position, new Vector3(...target), this.upVector, this.matrix);
  }

  override _getViewMatrix(): Matrix {
    return this.matrix;
  }

  override _isSynchronizedViewMatrix(): boolean {
    return false;
  }
}

const READY_WAIT_MS = 15_000;
const SPLAT_DRAWS = 12;
const STRAY_RADII = 1_000;

export class Content {
  readonly scene: Scene;
  readonly orientation: Orientation;
  /** What coordinates are relative to. */
  origin: Vec3;
  cloud: CloudPart | null = null;
  model: ModelPart | null = null;
  splat: SplatPart | null = null;
  /** Why nothing can be drawn. */
  failure: string | null = null;
  scenery: Scenery = { segments: [], tags: [] };
  gridStep = 0;
  private readonly camera: StageCamera;
  private readonly lights: Lights | null;
  private readonly lines: LinePart;
  private readonly grid: LinePart;
  private readonly listeners = new Set<() => void>();
  private sceneryKey = "";
  private isGone = false;
  private isLoaded = false;
  private drawsLeft = 0;
  private lastEye: Vec3 | null = null;

  constructor(readonly record: Object3DRecord) {
    const engine = sharedEngine();
    if (!engine) throw new Error("This browser has no WebGL 2.");
    this.scene = new Scene(engine, { virtual: false });
    this.orientation = { up: record.up ?? "y", isRightHanded: record.is_right_handed ?? true };
    this.scene.useRightHandedSystem = this.orientation.isRightHanded;
    this.scene.skipPointerMovePicking = true;
    this.scene.detachControl();
    const { low, high } = record.cloud ?? {};
    const box =
      low && high && isFiniteVec(low) && isFiniteVec(high) ? { low, high } : boxOf((record.boxes ?? []).flatMap(({ corners }) => corners));
    this.origin = box && record.form !== "model" && record.form !== "splat" ? centreOf(box) : [0, 0, 0];
    this.camera = new StageCamera("stage", Vector3.Zero(), this.scene);
    this.scene.activeCamera = this.camera;
    const up = axesOf(this.orientation).up;
    this.lights = record.form === "cloud" || record.form === "splat" ? null : new Lights(this.scene, up);
    this.grid = new LinePart(this.scene, true);
    this.lines = new LinePart(this.scene);
  }

  /** Everything that is needed for a first drawing. Failures of the file are kept, those of the way to it are thrown. */
  async load(): Promise<void> {
    const { record, scene } = this;
    try {
      if (record.form === "model") this.model = await loadModel(scene, record);
      else if (record.form === "mesh") this.model = await loadMesh(scene, record, this.origin);
      else if (record.form === "splat") this.splat = await loadSplats(scene, record);
      else if (record.cloud) {
        this.cloud = new CloudPart(scene, record.cloud, this.origin, axesOf(this.orientation).up, () => this.tell());
        await this.cloud.first();
        this.origin = this.cloud.origin;
      } else if (!record.boxes?.length && !record.vectors?.length && !record.cameras?.length) {
        throw new Error(record.note ?? "There is nothing in it to draw.");
      }
      if (this.isGone) return;
      await this.warmUp();
      this.isLoaded = true;
    } catch (thrown) {
      if (isOfTheWay(thrown)) throw thrown;
      this.failure = thrown instanceof Error ? thrown.message : String(thrown);
      this.isLoaded = true;
    }
  }

  /** Shaders are compiled beside the page: the first drawings would be empty. */
  private async warmUp(): Promise<void> {
    const frame = this.frame();
    const pose: Pose = {
      eye: [frame.centre[0], frame.centre[1], frame.centre[2] + frame.radius * 3],
      target: frame.centre,
      up: [0, 1, 0],
      right: [1, 0, 0],
      toward: [0, 0, 1],
      distance: frame.radius * 3,
      fov: 40,
    };
    this.camera.stand(pose, this.orientation.isRightHanded);
    const until = performance.now() + READY_WAIT_MS;
    while (!this.isGone && performance.now() < until) {
      drawScene(this.scene, 8, 8, null);
      if (this.scene.isReady(false)) return;
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  }

  /** Loaded, or known to be impossible to draw. */
  get isReady(): boolean {
    return this.isLoaded;
  }

  get isDisposed(): boolean {
    return this.isGone;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** Everything that is finite, relative to the origin. */
  get box(): Box3 | null {
    const own = this.model?.box ?? this.splat?.box ?? this.cloud?.box ?? null;
    return joinBoxes(own, boxOf(this.extras().map((point) => sub(point, this.origin))));
  }

  private extras(): Vec3[] {
    const { boxes = [], vectors = [] } = this.record;
    return [...boxes.flatMap(({ corners }) => corners), ...vectors.flatMap(({ start, end }) => [start, end])].filter((point) =>
      isFiniteVec(point),
    ) as Vec3[];
  }

  /** What to fit into the view: without strays. */
  frame(): Frame {
    const fit = this.model?.box ?? this.splat?.fit ?? this.cloud?.fit ?? this.box ?? { low: [-1, -1, -1], high: [1, 1, 1] };
    const hull = this.model?.hull ?? this.cloud?.hull ?? [];
    const extras = this.extras().map((point) => sub(point, this.origin));
    const both = joinBoxes(fit, boxOf(extras));
    // Boxes around the points are fitted too, those far away are not.
    return both && extras.length > 0 && hull.length > 0 && radiusOf(both) < 1.6 * radiusOf(fit)
      ? frameFrom(both, [...hull, ...extras.slice(0, 4_000)])
      : frameFrom(fit, hull);
  }

  draw(request: DrawRequest, onto: CanvasRenderingContext2D | null): void {
    if (this.isGone || this.failure !== null) return;
    const { scene, orientation } = this;
    const { pose, look, width, height, frame } = request;
    this.place(pose, look, width / height, frame);
    const [red, green, blue] = rgbOf(look.background).map((value) => value / 255) as [number, number, number];
    scene.clearColor = new Color4(red, green, blue, 1);
    this.lights?.follow(pose);
    this.cloud?.apply(look, { budget: request.budget, width, height, ratio: request.ratio, fov: pose.fov, radius: frame.radius });
    if (this.model) {
      setWireframe(this.model, look.isWireframe);
      this.animate(request.animationSecs);
    }
    const key = JSON.stringify([
      look.overlays.boxesVisible,
      look.overlays.classes,
      look.overlays.colors,
      look.overlays.solo,
      look.overlays.layers,
    ]);
    if (key !== this.sceneryKey) {
      this.sceneryKey = key;
      this.scenery = sceneryOf(this.record, look.overlays, this.origin, orientation, frame.radius);
    }
    this.lines.set(key, () => this.scenery.segments);
    const fit = this.model?.box ?? this.splat?.fit ?? this.cloud?.fit ?? this.box;
    const gridKey = look.hasGrid && fit ? `${look.gridColor} ${JSON.stringify(fit)}` : "";
    this.grid.set(gridKey, () => {
      const grid = fit && look.hasGrid ? gridOf(fit, orientation, this.origin, look.gridColor) : { segments: [], step: 0 };
      this.gridStep = grid.step;
      return grid.segments;
    });
    const nearest = this.camera.minZ;
    this.lines.apply(1.75 * request.ratio, { width, height }, nearest);
    this.grid.apply(request.ratio, { width, height }, nearest);
    drawScene(scene, width, height, onto);
  }

  private place(pose: Pose, look: Look, aspect: number, frame: Frame): void {
    const { camera } = this;
    const { box } = this;
    const fit: Box3 = {
      low: sub(frame.centre, [frame.radius, frame.radius, frame.radius]),
      high: add(frame.centre, [frame.radius, frame.radius, frame.radius]),
    };
    // A stray at 1e30 would take all of the depth's precision; it is left out instead.
    const all = box && radiusOf(box) < STRAY_RADII * frame.radius ? box : fit;
    const reach = Math.max(radiusOf(all), frame.radius) * 1.6;
    camera.fov = (pose.fov * Math.PI) / 180;
    if (look.isOrtho) {
      const half = pose.distance * Math.tan(camera.fov / 2);
      camera.mode = Camera.ORTHOGRAPHIC_CAMERA;
      camera.orthoTop = half;
      camera.orthoBottom = -half;
      camera.orthoLeft = -half * aspect;
      camera.orthoRight = half * aspect;
      // Far enough back that nothing lies behind it.
      const away = reach + lengthOf(sub(pose.target, centreOf(all)));
      const eye: Vec3 = [
        pose.target[0] + pose.toward[0] * away,
        pose.target[1] + pose.toward[1] * away,
        pose.target[2] + pose.toward[2] * away,
      ];
      camera.minZ = away * 0.001;
      camera.maxZ = away * 2.2;
      camera.stand({ eye, target: pose.target, up: pose.up }, this.orientation.isRightHanded);
      return;
    }
    camera.mode = Camera.PERSPECTIVE_CAMERA;
    const away = lengthOf(sub(pose.eye, centreOf(all)));
    camera.maxZ = away + reach;
    camera.minZ = Math.max(away - reach, Math.min(pose.distance, frame.radius) * 0.01, camera.maxZ * 1e-5);
    camera.stand(pose, this.orientation.isRightHanded);
  }

  private animate(seconds: number | null): void {
    for (const group of this.model?.animations ?? []) {
      const span = group.to - group.from;
      if (!(span > 0)) continue;
      if (!group.isStarted) {
        group.start(true);
        group.pause();
      }
      const speed = group.targetedAnimations[0]?.animation.framePerSecond ?? 60;
      group.goToFrame(group.from + (((seconds ?? 0) * speed) % span));
    }
  }

  /** Splats are sorted beside the page: after each move a few more drawings show them in their order. */
  isSettled(pose: Pose): boolean {
    if (!this.splat) return true;
    if (!this.lastEye || lengthOf(sub(this.lastEye, pose.eye)) > 0) this.drawsLeft = SPLAT_DRAWS;
    this.lastEye = pose.eye;
    this.drawsLeft -= 1;
    return this.drawsLeft <= 0;
  }

  get hasAnimations(): boolean {
    return (this.model?.animations.length ?? 0) > 0;
  }

  /** View and projection of the last drawing, for what is drawn over it. */
  get viewProjection(): ArrayLike<number> {
    return this.scene.getTransformMatrix().asArray();
  }

  /** What lies under a place of the picture (CSS pixels), relative to the origin. */
  pick(at: { x: number; y: number }, size: { width: number; height: number }): Picked | null {
    const { scene, cloud } = this;
    if (cloud) {
      const found = pickPoint(cloud.readable, this.viewProjection, at, size, 7);
      if (!found) return null;
      const { batch, index } = found;
      const place = batch.categories?.[index];
      return {
        position: found.position,
        category: place === undefined ? null : (cloud.categories.ids[place] ?? null),
        value: batch.values?.[index] ?? null,
        color: batch.colors ? [batch.colors[index * 4] ?? 0, batch.colors[index * 4 + 1] ?? 0, batch.colors[index * 4 + 2] ?? 0] : null,
      };
    }
    if (!this.model) return null;
    const inverse = Matrix.Invert(scene.getTransformMatrix());
    const x = (at.x / size.width) * 2 - 1;
    const y = 1 - (at.y / size.height) * 2;
    const near = Vector3.TransformCoordinates(new Vector3(x, y, -1), inverse);
    const far = Vector3.TransformCoordinates(new Vector3(x, y, 1), inverse);
    const hit = scene.pickWithRay(new Ray(near, far.subtract(near).normalize(), far.subtract(near).length()));
    const point = hit?.hit ? hit.pickedPoint : null;
    return point ? { position: [point.x, point.y, point.z], category: null, value: null, color: null } : null;
  }

  /** Bytes on the graphics card, about. */
  get sizeBytes(): number {
    const points = (this.cloud?.loaded ?? 0) * 24;
    const vertices = this.model?.meshes.reduce((sum, mesh) => sum + mesh.getTotalVertices() * 48, 0) ?? 0;
    return 200_000 + points + vertices + (this.splat?.count ?? 0) * 64;
  }

  dispose(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.listeners.clear();
    this.cloud?.dispose();
    this.scene.dispose();
  }
}

export interface Picked {
  position: Vec3;
  category: number | null;
  value: number | null;
  color: readonly [number, number, number] | null;
}

/** Whether it went wrong on the way to the bytes (try again) rather than in them. */
function isOfTheWay(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    thrown.name === "ApiError" &&
    "status" in thrown &&
    (thrown.status === 0 || (typeof thrown.status === "number" && thrown.status >= 500))
  );
}

