/**
 * One canvas with one picture: follows overlays, zoom and smoothing, asks for sharper pixels when they are needed, and
 * keeps drawing what it has until they are there. A plain object, so that nothing here runs through rendering.
 */
import { effect, signal, untracked } from "@preact/signals";
import type { BlobRef, ImageRecord } from "@/api/schema";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { type ImageView, type Point, type Size, WHOLE, isPixelated, pixelAt, placementOf } from "@/lib/image/transform";
import { attachGestures } from "@/media/image/gestures";
import { paintScene } from "@/media/image/paint";
import { decodedPicture, drawnMasks, gridOf, grids, masks, pictureFor, pictures } from "@/media/image/pictures";
import { loadForProbe, probeAt } from "@/media/image/probe";
import { pixelRatio } from "@/state/page/screen";
import { toneOf } from "@/state/media/imageLook";
import { type ShownItem, tileId } from "@/state/media/tile";
import type { Scope } from "@/state/scope";

export interface StageOptions {
  /** Zoom, pan and probe; a card in a list is only looked at. */
  isInteractive: boolean;
  /** The full view: the wheel is the picture's, and one of more than 8 bits is shown by the page's range, exposure and colour map. */
  isFull: boolean;
  onSelect?: (event: PointerEvent) => void;
}

const PROBE_WAIT_MS = 120;
const KEYPOINT_REACH_PX = 8;

export class ImageStage {
  private record: ImageRecord | null = null;
  private shown: ShownItem | null = null;
  private tile: Size = { width: 1, height: 1 };
  private readonly context: CanvasRenderingContext2D | null;
  private readonly stopFollowing: () => void;
  private readonly stopGestures: () => void;
  private holds = new Map<string, () => void>();
  private asked: string | null = null;
  private hoverAt: Point | null = null;
  private probeTimer: ReturnType<typeof setTimeout> | undefined;
  private drawnMark = "";
  private readonly changed = signal(0);
  private readonly redraw = (): void => this.draw();

  constructor(
    private readonly scope: Scope, private readonly canvas: HTMLCanvasElement,
    private readonly options: StageOptions,
  ) {
    this.context = canvas.getContext("2d");
    this.stopFollowing = effect(() => {
      void [this.scope.overlays.overlays.value, this.scope.zoom.smoothing.value, pixelRatio.value, this.changed.value];
      if (options.isFull) void this.scope.imageLook.imageLook.value;
      this.view();
      requestFrame(this.redraw);
    });
    this.stopGestures = options.isInteractive
      ? attachGestures(canvas, {
          picture: () => this.record ?? this.tile,
          tile: () => this.tile,
          view: () => this.view(),
          setView: (view) => {
            if (this.shown) this.scope.zoom.viewOf(this.shown).value = view;
          },
          onSelect: (event) => options.onSelect?.(event),
          onHover: (at) => this.hover(at),
          wantsWheel: () => options.isFull || this.isSelected(),
        })
      : () => undefined;
  }

  /** Show this record in a tile of this size, at once. */
  show(record: ImageRecord, tile: Size, shown: ShownItem | null): void {
    const isSame = record === this.record && tile.width === this.tile.width && tile.height === this.tile.height;
    this.record = record;
    this.tile = tile;
    const before = this.shown;
    this.shown = shown;
    if (before?.run !== shown?.run || before?.index !== shown?.index || before?.key !== shown?.key) {
      untracked(() => (this.changed.value += 1));
    }
    if (isSame) return;
    this.draw();
    if (this.hoverAt) this.hover(this.hoverAt);
  }

  dispose(): void {
    this.stopFollowing();
    this.stopGestures();
    clearTimeout(this.probeTimer);
    cancelFrame(this.redraw);
    if (this.hoverAt) this.scope.probe.probe.value = null;
    for (const letGo of this.holds.values()) letGo();
  }

  draw(): void {
    const { record, tile, context, canvas } = this;
    if (!record || !context || tile.width < 1 || tile.height < 1) return;
    const ratio = pixelRatio.peek();
    const size = { width: Math.round(tile.width * ratio), height: Math.round(tile.height * ratio) };
    if (canvas.width !== size.width) canvas.width = size.width;
    if (canvas.height !== size.height) canvas.height = size.height;
    const onScreen = placementOf(untracked(() => this.view()), record, tile);
    const placement = { scale: onScreen.scale * ratio, x: onScreen.x * ratio, y: onScreen.y * ratio };
    const wanted = pictureFor(record, record.width * placement.scale);
    const found = decodedPicture(record, wanted);
    const values = this.options.isFull ? gridOf(record) : null;
    const tone = values ? toneOf(record, this.scope.imageLook.imageLook.peek()) : null;
    const grid = values && tone ? grids.get(values.sha256) : undefined;
    paintScene(context, {
      record,
      picture: found?.bitmap,
      values: grid && tone ? { grid, tone } : null,
      maskOf: (layer) => masks.get(layer.blob.sha256),
      overlays: this.scope.overlays.overlays.peek(),
      placement,
      tile: size,
      isPixelated: isPixelated(this.scope.zoom.smoothing.peek(), onScreen.scale, record),
      ratio,
      hasBadge: this.shown !== null,
    });
    this.askFor(record, found?.blob.sha256 === wanted.sha256 ? null : wanted, tone && !grid ? values : null);
    this.keepHeld(found?.blob.sha256, grid ? values?.sha256 : undefined, record);
    if (found) this.markDrawn();
  }

  private isSelected(): boolean {
    const chosen = this.scope.selection.selected.peek();
    return chosen !== null && this.shown !== null && tileId(chosen) === tileId(this.shown);
  }

  private view(): ImageView {
    return this.shown && this.options.isInteractive ? this.scope.zoom.viewOf(this.shown).value : WHOLE;
  }

  /** Fetch what is missing for a better drawing; draw again when it is there. */
  private askFor(record: ImageRecord, picture: BlobRef | null, values: BlobRef | null): void {
    if (record.note) return;
    const blobs = drawnMasks(record, this.scope.overlays.overlays.peek()).map(([, layer]) => layer.blob);
    const layers = blobs.filter((blob) => masks.get(blob.sha256) === undefined);
    const asked = [picture?.sha256 ?? "", values?.sha256 ?? "", ...layers.map((blob) => blob.sha256)].join();
    if (asked === this.asked) return;
    this.asked = asked;
    const loads = [
      ...(picture ? [pictures.load(picture).ready] : []),
      ...(values ? [grids.load(values).ready] : []),
      ...layers.map((blob) => masks.load(blob).ready),
    ];
    for (const ready of loads) {
      // A failure is told by whoever prepared the tile; here the drawing only stays as it is.
      (ready as Promise<unknown>).then(() => requestFrame(this.redraw), () => undefined);
    }
  }

  private keepHeld(picture: string | undefined, values: string | undefined, record: ImageRecord): void {
    const now = new Map<string, () => void>();
    const keep = (name: string, hold: () => () => void): void => {
      now.set(name, this.holds.get(name) ?? hold());
      this.holds.delete(name);
    };
    if (picture) keep(`picture ${picture}`, () => pictures.hold(picture));
    if (values) keep(`values ${values}`, () => grids.hold(values));
    for (const [, { blob }] of drawnMasks(record, this.scope.overlays.overlays.peek())) {
      keep(`mask ${blob.sha256}`, () => masks.hold(blob.sha256));
    }
    for (const letGo of this.holds.values()) letGo();
    this.holds = now;
  }

  private hover(at: Point | null): void {
    this.hoverAt = at;
    clearTimeout(this.probeTimer);
    const { record, shown } = this;
    const placement = record ? placementOf(this.view(), record, this.tile) : null;
    const pixel = at && record && shown && placement && !record.note ? pixelAt(at, placement, record) : null;
    if (!pixel || !record || !shown) {
      this.scope.probe.probe.value = null;
      return;
    }
    const found = probeAt(this.scope, record, shown, pixel, placement ? Math.max(1, KEYPOINT_REACH_PX / placement.scale) : 0);
    this.scope.probe.probe.value = found;
    if (found.channels) return;
    this.probeTimer = setTimeout(() => {
      const again = (): void => {
        if (this.record === record && this.hoverAt) this.hover(this.hoverAt);
      };
      loadForProbe(record).then(again, () => undefined);
    }, PROBE_WAIT_MS);
  }

  /** For whoever measures: when a tile first showed a step. */
  private markDrawn(): void {
    const { shown } = this;
    if (!shown) return;
    const name = `${shown.run} ${shown.key} ${shown.index} ${shown.cell.step} ${shown.cell.attempts}`;
    if (name === this.drawnMark) return;
    this.drawnMark = name;
    markTileDrawn(shown);
  }
}

const MARKS_KEPT = 2_000;
let marks = 0;

function markTileDrawn({ run, key, index, cell }: ShownItem): void {
  if (++marks % MARKS_KEPT === 0) performance.clearMarks("diorama:tile-drawn");
  performance.mark("diorama:tile-drawn", { detail: { run, key, index, step: cell.step } });
}
