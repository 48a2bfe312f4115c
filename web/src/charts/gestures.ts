// What the pointer does on a plot: hover, click to move the clock, drag to zoom, Shift-drag to pan,
// double-click to see everything, Ctrl-wheel to zoom at the pointer; a finger moves the clock.

import type uPlot from "uplot";
import { stopFrom } from "@/lib/clock/resolve";
import type { ChartModel } from "@/charts/model";
import type { Scope } from "@/state/scope";

export interface GestureListener {
  onHover(event: PointerEvent | null): void;
  /** plot pixels of a zoom being dragged; null when there is none */
  onSelect(selection: [number, number] | null): void;
  /** x of the sample nearest to a point, when samples are exact */
  sampleX(x: number, top: number): number | null;
}

const DRAG_FROM_PX = 4;
const SNAP_PX = 6;

type Drag = { kind: "zoom" | "pan" | "scrub"; pointer: number; from: number; limits: [number, number]; isMoved: boolean };

export class Gestures {
  private drag: Drag | null = null;
  private positionBeforeClick: number | null = null;
  private clickedAt = -Infinity;
  private readonly abort = new AbortController();

  constructor(
    private readonly scope: Scope, private readonly plot: uPlot,
    private readonly model: ChartModel,
    private readonly listener: GestureListener,
  ) {
    const { signal } = this.abort;
    const over = plot.over;
    over.addEventListener("pointermove", (event) => this.move(event), { signal });
    over.addEventListener("pointerdown", (event) => this.down(event), { signal });
    over.addEventListener("pointerup", (event) => this.up(event), { signal });
    over.addEventListener("pointercancel", () => this.end(), { signal });
    over.addEventListener("pointerleave", () => this.leave(), { signal });
    over.addEventListener("dblclick", () => this.reset(), { signal });
    over.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
  }

  get isDragging(): boolean {
    return this.drag?.isMoved ?? false;
  }

  dispose(): void {
    this.abort.abort();
    if (this.isOver) this.leave();
  }

  private isOver = false;

  private leftOf(event: MouseEvent): number {
    return event.clientX - this.plot.over.getBoundingClientRect().left;
  }

  private move(event: PointerEvent): void {
    const left = this.leftOf(event);
    const { drag } = this;
    if (drag) {
      drag.isMoved ||= Math.abs(left - drag.from) > DRAG_FROM_PX;
      if (drag.kind === "scrub") this.scrubTo(left, null);
      else if (drag.isMoved && drag.kind === "zoom") this.listener.onSelect([drag.from, left]);
      else if (drag.isMoved) this.panFrom(drag, left);
    }
    this.isOver = true;
    this.model.shared.peek().hover.value = this.plot.posToVal(left, "x");
    this.listener.onHover(event);
  }

  private leave(): void {
    if (this.drag) return;
    this.isOver = false;
    this.model.shared.peek().hover.value = null;
    this.listener.onHover(null);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const scale = this.plot.scales["x"];
    const limits: [number, number] = [scale?.min ?? 0, scale?.max ?? 1];
    const kind = event.pointerType === "touch" ? "scrub" : event.shiftKey ? "pan" : "zoom";
    this.drag = { kind, pointer: event.pointerId, from: this.leftOf(event), limits, isMoved: false };
    this.plot.over.setPointerCapture(event.pointerId);
    event.preventDefault(); // no text selection
  }

  private up(event: PointerEvent): void {
    const { drag } = this;
    if (!drag) return;
    const left = this.leftOf(event);
    this.end();
    if (!drag.isMoved) {
      // A double click first comes as two clicks: it must not leave the clock somewhere else.
      if (event.timeStamp - this.clickedAt > 500) this.positionBeforeClick = this.scope.clock.position.peek();
      this.clickedAt = event.timeStamp;
      this.scrubTo(left, event.clientY - this.plot.over.getBoundingClientRect().top);
      return;
    }
    if (drag.kind !== "zoom") return;
    const from = this.plot.posToVal(Math.min(drag.from, left), "x");
    const to = this.plot.posToVal(Math.max(drag.from, left), "x");
    if (to > from) this.model.shared.peek().zoom.value = [from, to];
  }

  private end(): void {
    if (this.drag && this.plot.over.hasPointerCapture(this.drag.pointer)) this.plot.over.releasePointerCapture(this.drag.pointer);
    this.drag = null;
    this.listener.onSelect(null);
  }

  private reset(): void {
    this.model.shared.peek().zoom.value = null;
    if (this.model.isOnClock.peek()) this.scope.clock.position.value = this.positionBeforeClick;
  }

  /** Move the clock to a place of the plot: onto media close by, else onto the sample, else a whole step. */
  private scrubTo(left: number, top: number | null): void {
    if (!this.model.isOnClock.peek()) return;
    const x = this.plot.posToVal(left, "x");
    const existing = this.scope.clock.stops.peek();
    const reach = Math.abs(this.plot.posToVal(left + SNAP_PX, "x") - x);
    let snapped: number | null = null;
    for (const candidate of [stopFrom(existing, x, 0), stopFrom(existing, x, 1)]) {
      if (candidate === null || Math.abs(candidate - x) > reach) continue;
      if (snapped === null || Math.abs(candidate - x) < Math.abs(snapped - x)) snapped = candidate;
    }
    const sample = top === null ? null : this.listener.sampleX(x, top);
    const bounds = this.scope.clock.extent.peek();
    const isOutside = bounds !== null && (x < bounds[0] || x > bounds[1]);
    this.scope.clock.moveTo(snapped ?? (isOutside ? x : (sample ?? (this.scope.clock.axis.peek() === "step" ? Math.round(x) : x))));
  }

  private panFrom(drag: Drag, left: number): void {
    const width = this.plot.over.clientWidth;
    const isLog = this.plot.scales["x"]?.distr === 3;
    const [from, to] = isLog ? [Math.log10(drag.limits[0]), Math.log10(drag.limits[1])] : drag.limits;
    const moved = ((drag.from - left) / width) * (to - from);
    const limits: [number, number] = [from + moved, to + moved];
    this.model.shared.peek().zoom.value = isLog ? [10 ** limits[0], 10 ** limits[1]] : limits;
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const scale = this.plot.scales["x"];
    const isLog = scale?.distr === 3;
    const toLinear = (value: number): number => (isLog ? Math.log10(value) : value);
    const fromLinear = (value: number): number => (isLog ? 10 ** value : value);
    const from = toLinear(scale?.min ?? 0);
    const to = toLinear(scale?.max ?? 1);
    const factor = Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.004)));
    const at = toLinear(this.plot.posToVal(this.leftOf(event), "x"));
    const next: [number, number] = [fromLinear(at - (at - from) * factor), fromLinear(at + (to - at) * factor)];
    if (next[1] > next[0]) this.model.shared.peek().zoom.value = next;
  }
}
