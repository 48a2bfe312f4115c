/**
 * One canvas with one 3D thing: follows the view, the look and the points that arrive, and draws only when something
 * changed. All stages of the page share one graphics context and take turns.
 */
import { effect, signal, untracked } from "@preact/signals";
import { requestFrame } from "@/lib/browser/animationFrame";
import type { Content, Picked } from "@/media/object3d/content";
import { isSoftwareRendered } from "@/media/object3d/engine";
import { attachOrbit } from "@/media/object3d/gestures";
import { type Look, object3dLook } from "@/media/object3d/look";
import { paintOver } from "@/media/object3d/overlay";
import {
  type Frame,
  HOME,
  PRESETS,
  type Pose,
  type PresetName,
  type View3D,
  centredOn,
  fitted,
  poseOf,
} from "@/media/object3d/space";
import { pixelRatio } from "@/state/page/screen";
import { homeOf, object3dViews } from "@/media/object3d/views";
import { type ShownItem, type TileRef, tileId } from "@/state/media/tile";
import type { Scope } from "@/state/scope";

export interface StageOptions {
  isInteractive: boolean;
  isFull: boolean;
  wantsWheel: () => boolean;
  onOpen: () => void;
  onHover: (found: Picked | null) => void;
}

/** Time that drawing may take in a frame before the rest waits for the next one. */
const FRAME_BUDGET_MS = 24;
/** Slower than this: fewer pixels and points while it moves. */
const SLOW_DRAW_MS = 45;
const HOVER_WAIT_MS = 60;
const HURRIED_POINTS = 150_000;

const dirty = new Set<Stage>();

function schedule(stage: Stage, isFirst = false): void {
  if (isFirst) {
    // What is under the hand comes before its linked neighbours.
    const others = [...dirty].filter((other) => other !== stage);
    dirty.clear();
    dirty.add(stage);
    for (const other of others) dirty.add(other);
  } else dirty.add(stage);
  requestFrame(drawDirty);
}

function drawDirty(): void {
  const until = performance.now() + FRAME_BUDGET_MS;
  for (const stage of [...dirty]) {
    dirty.delete(stage);
    stage.draw();
    if (performance.now() > until) break;
  }
  const [next] = dirty;
  if (next) schedule(next);
}

/** Points that are drawn in a tile, in a thumbnail and at first in the full view. */
export const BUDGETS = { thumb: 20_000, cell: 100_000, full: 2_000_000, fullSoftware: 600_000 };

export function fullBudget(): number {
  return isSoftwareRendered() ? BUDGETS.fullSoftware : BUDGETS.full;
}

export class Stage {
  private content: Content | null = null;
  private shown: TileRef | null = null;
  private size = { width: 1, height: 1 };
  private budget = 0;
  private pose: Pose | null = null;
  private readonly context: CanvasRenderingContext2D | null;
  private readonly stopFollowing: () => void;
  private stopGestures: () => void = () => undefined;
  private stopContent: () => void = () => undefined;
  private readonly changed = signal(0);
  private isMoving = false;
  private lastDrawMs = 0;
  private playSince: number | null = null;
  private hoverTimer: ReturnType<typeof setTimeout> | undefined;
  private isGone = false;

  constructor(
    private readonly scope: Scope, private readonly canvas: HTMLCanvasElement,
    private readonly options: StageOptions,
  ) {
    this.context = canvas.getContext("2d");
    this.stopFollowing = effect(() => {
      void [object3dLook(this.scope).look.value, pixelRatio.value, this.changed.value, this.isCovered()];
      const { shown } = this;
      if (shown) object3dViews(this.scope).viewOfTile(shown);
      schedule(this);
    });
    if (options.isInteractive) this.stopGestures = this.listen();
  }

  show(content: Content, size: { width: number; height: number }, shown: ShownItem | null, budget: number): void {
    const isSame = content === this.content && size.width === this.size.width && size.height === this.size.height && budget === this.budget;
    const before = this.shown;
    this.shown = shown;
    this.size = size;
    this.budget = budget;
    if (content !== this.content) {
      this.stopContent();
      this.content = content;
      this.stopContent = content.onChange(() => schedule(this));
      this.options.onHover(null);
    }
    void content.cloud?.want(budget);
    if ((before && tileId(before)) !== (shown && tileId(shown))) untracked(() => (this.changed.value += 1));
    if (isSame) return;
    this.draw();
  }

  /** Let animations run, or stand still where they began. */
  play(isPlaying: boolean): void {
    if (isPlaying === (this.playSince !== null)) return;
    this.playSince = isPlaying ? performance.now() : null;
    schedule(this);
  }

  dispose(): void {
    this.isGone = true;
    this.stopFollowing();
    this.stopGestures();
    this.stopContent();
    clearTimeout(this.hoverTimer);
    dirty.delete(this);
  }

  get view(): View3D {
    const { content } = this;
    const chosen = this.shown ? untracked(() => object3dViews(this.scope).viewOfTile(this.shown as TileRef)) : null;
    if (chosen || !content) return chosen ?? HOME;
    return homeOf(content.record, content.model?.camera ?? null, this.frame, content.orientation, content.origin, this.aspect);
  }

  set view(view: View3D | null) {
    if (this.shown) object3dViews(this.scope).setViewOfTile(this.shown, view);
    schedule(this, true);
  }

  get frame(): Frame {
    if (!this.content) return { centre: [0, 0, 0], radius: 1, hull: [] };
    return object3dViews(this.scope).frameOfTile(this.shown, this.content.frame(), this.content.origin);
  }

  /** From that side, with all of it in sight. */
  lookFrom(name: PresetName): void {
    if (!this.content) return;
    const turned = { ...this.view, ...PRESETS[name], roll: 0 };
    this.view = fitted(turned, this.frame, this.content.orientation, this.aspect);
  }

  get aspect(): number {
    return this.size.width / this.size.height;
  }

  draw(): void {
    const { content, size, context, canvas } = this;
    if (this.isGone || !content || !context || size.width < 1 || size.height < 1 || content.isDisposed || content.failure !== null) return;
    if (untracked(() => this.isCovered())) return; // drawn when it is seen again
    const started = performance.now();
    const full = pixelRatio.peek();
    const isHurried = this.isMoving && this.lastDrawMs > SLOW_DRAW_MS;
    const ratio = isHurried ? full / 2 : full;
    const [width, height] = [Math.max(1, Math.round(size.width * ratio)), Math.max(1, Math.round(size.height * ratio))];
    const aspect = size.width / size.height;
    const frame = this.frame;
    const drawn: Look = object3dLook(this.scope).look.peek();
    this.pose = poseOf(this.view, frame, content.orientation, aspect);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const isPlaying = this.playSince !== null && content.hasAnimations;
    const animationSecs = isPlaying ? (started - (this.playSince ?? started)) / 1000 : 0;
    content.draw(
      {
        pose: this.pose,
        look: drawn,
        budget: isHurried ? Math.min(this.budget, HURRIED_POINTS) : this.budget,
        width,
        height,
        ratio,
        frame,
        animationSecs,
      },
      context,
    );
    paintOver(context, {
      content,
      pose: this.pose,
      look: drawn,
      size,
      ratio,
      isFull: this.options.isFull,
      hasAxes: this.options.isInteractive,
    });
    if (ratio === full) this.lastDrawMs = performance.now() - started;
    canvas.dataset["drawn"] = String(Number(canvas.dataset["drawn"] ?? "0") + 1);
    if (isPlaying) schedule(this);
    if (content.splat && !content.isSettled(this.pose)) setTimeout(() => schedule(this), 30);
  }

  /** The full view lies over the panels. */
  private isCovered(): boolean {
    const { isFull, selected } = this.scope.selection;
    return !this.options.isFull && this.options.isInteractive && isFull.value && selected.value !== null;
  }

  /** The picture as it is, at full sharpness. */
  async png(): Promise<Blob | null> {
    this.isMoving = false;
    this.draw();
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  private listen(): () => void {
    return attachOrbit(this.canvas, {
      view: () => this.view,
      setView: (view) => (this.view = view),
      pose: () => this.pose,
      frame: () => this.frame,
      size: () => this.size,
      lookFrom: (name) => this.lookFrom(name),
      wantsWheel: this.options.wantsWheel,
      movesWithCtrl: this.options.isFull,
      onMoving: (isMoving) => {
        if (isMoving === this.isMoving) return;
        this.isMoving = isMoving;
        schedule(this, true);
      },
      onDoubleClick: (at) => {
        if (!this.options.isFull) {
          this.options.onOpen();
          return;
        }
        const found = this.content?.pick(at, this.size);
        if (found) this.view = centredOn(this.view, found.position, this.frame);
      },
      onHover: (at) => {
        clearTimeout(this.hoverTimer);
        if (!this.options.isFull) return;
        if (!at) this.options.onHover(null);
        else this.hoverTimer = setTimeout(() => this.options.onHover(this.content?.pick(at, this.size) ?? null), HOVER_WAIT_MS);
      },
    });
  }
}
