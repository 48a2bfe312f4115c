// The strip of the scrub bar: where media exists, where the page stands, and the range that plays.
// Drawn on one canvas; dragging moves signals and redraws only this.

import { effect, untracked } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { densityOf, niceTicks, tickLabels } from "@/lib/charts/ticks";
import { orderedTrack, stopFrom } from "@/lib/clock/resolve";
import { axisName, formatPosition } from "@/lib/text/axisFormat";
import { theme, token } from "@/state/page/theme";
import { type Scope, useScope } from "@/state/scope";
import { pixelRatio } from "@/state/page/screen";

const BAND_TOP = 9;
const BAND_HEIGHT = 14;
const LABELS_TOP = BAND_TOP + BAND_HEIGHT;
/** The thumb's middle stays this far from the canvas's edge. */
const INSET = 8;
const BIN_PX = 4;
const HANDLE_PX = 7;
const SNAP_PX = 6;
const FONT = '10.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

/** The part of the axis that the strip shows; null is all of it. */

export function ScrubTrack(): JSX.Element {
  const scope = useScope();
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!host.current) return;
    const strip = new Strip(scope, host.current);
    return () => strip.dispose();
  }, []);
  return (
    <div
      ref={host}
      class="scrub-track"
      role="slider"
      tabIndex={0}
      aria-label="Position of the page"
      aria-orientation="horizontal"
      title="Drag: move · Shift-drag, or drag on the numbers: choose a range · Ctrl-wheel: zoom · double-click: show all"
      onKeyDown={(event) => moveByKey(scope, event)}
    >
      <canvas />
    </div>
  );
}

function moveByKey(scope: Scope, event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const { stepBy } = scope.clock;
  const far = event.shiftKey ? 10 : 1;
  const moves: Record<string, number> = { ArrowLeft: -far, ArrowDown: -far, ArrowRight: far, ArrowUp: far, PageDown: -10, PageUp: 10 };
  const count = moves[event.key];
  if (count === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  stepBy(count);
}

type Drag = { kind: "thumb" } | { kind: "range"; fixed: number } | { kind: "pan"; from: number; view: [number, number] };

class Strip {
  private readonly canvas: HTMLCanvasElement | null;
  private readonly stopAll: (() => void)[] = [];
  private drag: Drag | null = null;
  private pointerX: number | null = null;

  constructor(private readonly scope: Scope, private readonly host: HTMLElement) {
    this.canvas = host.querySelector("canvas");
    const abort = new AbortController();
    const { signal: stop } = abort;
    host.addEventListener("pointerdown", (event) => this.down(event), { signal: stop });
    host.addEventListener("pointermove", (event) => this.move(event), { signal: stop });
    host.addEventListener("pointerup", (event) => this.up(event), { signal: stop });
    host.addEventListener("pointercancel", (event) => this.up(event), { signal: stop });
    host.addEventListener("pointerleave", () => this.leave(), { signal: stop });
    host.addEventListener("dblclick", () => (this.scope.clock.trackView.value = null), { signal: stop });
    host.addEventListener("wheel", (event) => this.wheel(event), { signal: stop, passive: false });
    const sizes = new ResizeObserver(() => requestFrame(this.draw));
    sizes.observe(host);
    this.stopAll.push(
      () => abort.abort(),
      () => sizes.disconnect(),
      () => cancelFrame(this.draw),
      effect(() => {
        void [
          this.scope.clock.axis.value,
          this.scope.clock.extent.value,
          this.scope.clock.hoverX.value,
          this.scope.clock.now.value,
          this.scope.clock.position.value,
          this.scope.clock.range.value,
          this.scope.clock.zoom.value,
          this.scope.clock.trackView.value,
          this.scope.tracks.visibleTracks.value,
          theme.value,
        ];
        requestFrame(this.draw);
      }),
      effect(() => this.describe()),
      effect(() => {
        void this.scope.clock.axis.value;
        this.scope.clock.trackView.value = null;
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stopAll) stop();
  }

  /** For screen readers: values as numbers and in words. */
  private describe(): void {
    const bounds = this.scope.clock.extent.value;
    const { axis, now, position } = this.scope.clock;
    const stand = now.value;
    const { host } = this;
    host.setAttribute("aria-valuemin", String(bounds?.[0] ?? 0));
    host.setAttribute("aria-valuemax", String(bounds?.[1] ?? 0));
    host.setAttribute("aria-valuenow", String(stand ?? 0));
    const text = stand === null
      ? this.scope.axes.nothingText.value
      : `${axisName(axis.value)} ${formatPosition(axis.value, stand)}${position.value === null ? ", following the newest" : ""}`;
    host.setAttribute("aria-valuetext", text);
  }

  /** What the strip shows, never empty. */
  private view(): [number, number] {
    const bounds = untracked(() => this.scope.clock.trackView.value ?? this.scope.clock.extent.value) ?? [0, 1];
    return bounds[0] < bounds[1] ? bounds : [bounds[0] - 0.5, bounds[1] + 0.5];
  }

  private toX(value: number): number {
    const [from, to] = this.view();
    return INSET + ((value - from) / (to - from)) * (this.host.clientWidth - 2 * INSET);
  }

  private toValue(x: number): number {
    const [from, to] = this.view();
    return from + ((x - INSET) / (this.host.clientWidth - 2 * INSET)) * (to - from);
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  private readonly draw = (): void => {
    const { canvas, host } = this;
    const context = canvas?.getContext("2d");
    const width = host.clientWidth;
    const height = host.clientHeight;
    if (!canvas || !context || width < 60) return;
    const ratio = pixelRatio.peek();
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    untracked(() => {
      this.drawBand(context, width);
      if (this.scope.clock.extent.value) {
        this.drawLabels(context, width, height);
        this.drawRange(context, width);
        this.drawMarks(context, width);
        this.drawThumb(context, width);
      }
    });
  };

  private drawBand(context: CanvasRenderingContext2D, width: number): void {
    const inner = width - 2 * INSET;
    context.fillStyle = token("--surface-2");
    context.fillRect(INSET, BAND_TOP, inner, BAND_HEIGHT);
    const lists = this.scope.tracks.visibleTracks.value.filter((track) => track.kind !== "value").map((track) => orderedTrack(track).at);
    const shown = lists.length > 0 ? lists : this.scope.tracks.visibleTracks.value.map((track) => orderedTrack(track).at);
    const bins = Math.max(1, Math.floor(inner / BIN_PX));
    const [from, to] = this.view();
    const counts = densityOf(shown, from, to, bins);
    const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
    const stand = this.scope.clock.now.value;
    context.fillStyle = token("--accent");
    for (let bin = 0; bin < bins; bin++) {
      const count = counts[bin] ?? 0;
      if (count === 0) continue;
      const left = INSET + (bin * inner) / bins;
      const isPast = stand === null || from + ((bin + 0.5) / bins) * (to - from) <= stand;
      context.globalAlpha = (0.35 + 0.55 * (count / most)) * (isPast ? 1 : 0.38);
      context.fillRect(left, BAND_TOP, inner / bins - 1, BAND_HEIGHT);
    }
    context.globalAlpha = 1;
  }

  private drawLabels(context: CanvasRenderingContext2D, width: number, height: number): void {
    const [from, to] = this.view();
    const kind = this.scope.clock.axis.value === "relative" || this.scope.clock.axis.value === "time" ? "duration" : "number";
    const ticks = niceTicks(from, to, Math.max(2, Math.floor(width / 84)), kind, this.scope.clock.axis.value === "step");
    context.fillStyle = token("--text-3");
    context.strokeStyle = token("--line-strong");
    context.textBaseline = "bottom";
    context.lineWidth = 1;
    tickLabels(this.scope.clock.axis.value, ticks).forEach((label, i) => {
      const x = Math.round(this.toX(ticks.values[i] ?? 0)) + 0.5;
      context.beginPath();
      context.moveTo(x, LABELS_TOP + 1);
      context.lineTo(x, LABELS_TOP + 5);
      context.stroke();
      const half = context.measureText(label).width / 2;
      context.textAlign = "center";
      context.fillText(label, Math.max(half, Math.min(width - half, x)), height - 1);
    });
  }

  private drawRange(context: CanvasRenderingContext2D, width: number): void {
    const chosen = this.scope.clock.range.value;
    const zoomed = this.scope.clock.zoom.value;
    if (zoomed) {
      const left = Math.max(INSET, this.toX(zoomed[0]));
      const right = Math.min(width - INSET, this.toX(zoomed[1]));
      context.fillStyle = token("--text-2");
      if (right > left) context.fillRect(left, LABELS_TOP + 1, right - left, 2);
    }
    if (!chosen) return;
    const left = Math.round(this.toX(chosen[0]));
    const right = Math.round(this.toX(chosen[1]));
    context.fillStyle = token("--surface");
    context.globalAlpha = 0.6;
    context.fillRect(INSET, BAND_TOP, Math.max(0, left - INSET), BAND_HEIGHT);
    context.fillRect(right, BAND_TOP, Math.max(0, width - INSET - right), BAND_HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = token("--text");
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, BAND_TOP - 0.5, right - left - 1, BAND_HEIGHT + 1);
    context.fillStyle = token("--text");
    for (const x of [left, right]) {
      context.beginPath();
      context.roundRect(x - 2.5, BAND_TOP + 2, 5, BAND_HEIGHT - 4, 2);
      context.fill();
    }
  }

  /** Where the pointer is, here or over a chart. */
  private drawMarks(context: CanvasRenderingContext2D, width: number): void {
    const hovered = this.scope.clock.hoverX.value;
    if (hovered !== null) {
      context.fillStyle = token("--text-3");
      context.fillRect(Math.round(this.toX(hovered)), BAND_TOP - 3, 1, BAND_HEIGHT + 6);
    }
    if (this.pointerX === null || this.drag) return;
    const label = formatPosition(this.scope.clock.axis.value, this.rounded(this.toValue(this.pointerX)));
    const half = context.measureText(label).width / 2 + 5;
    const middle = Math.max(half, Math.min(width - half, this.pointerX));
    context.fillStyle = token("--text-3");
    context.fillRect(Math.round(this.pointerX), BAND_TOP, 1, BAND_HEIGHT);
    context.fillStyle = token("--surface-3");
    context.beginPath();
    context.roundRect(middle - half, LABELS_TOP + 3, 2 * half, 16, 3);
    context.fill();
    context.fillStyle = token("--text");
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(label, middle, LABELS_TOP + 11.5);
  }

  private drawThumb(context: CanvasRenderingContext2D, width: number): void {
    const stand = this.scope.clock.now.value;
    if (stand === null) return;
    const x = this.toX(stand);
    if (x < INSET - 1 || x > width - INSET + 1) return;
    context.fillStyle = token("--accent");
    context.fillRect(Math.round(x) - 1, BAND_TOP - 3, 2, BAND_HEIGHT + 5);
    context.beginPath();
    context.arc(Math.round(x), BAND_TOP - 4, 5, 0, 2 * Math.PI);
    context.fill();
    if (this.scope.clock.position.value === null) {
      // following: a ring, because the thumb is not where somebody put it
      context.fillStyle = token("--surface");
      context.beginPath();
      context.arc(Math.round(x), BAND_TOP - 4, 2.5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  // ---- pointer ------------------------------------------------------------------------------------------------------

  private placeOf(event: MouseEvent): { x: number; y: number } {
    const box = this.host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private rounded(value: number): number {
    return this.scope.clock.axis.peek() === "step" ? Math.round(value) : value;
  }

  /** A place on the axis: onto a stop when one is close, whole steps else. */
  private snapped(x: number): number {
    const value = this.toValue(x);
    const existing = this.scope.clock.stops.peek();
    let best = this.rounded(value);
    let least = SNAP_PX;
    for (const candidate of [stopFrom(existing, value, 0), stopFrom(existing, value, 1)]) {
      const distance = candidate === null ? Infinity : Math.abs(this.toX(candidate) - x);
      if (candidate === null || distance > least) continue;
      least = distance;
      best = candidate;
    }
    return best;
  }

  /** The other end of the range, when x is on one of its handles. */
  private handleAt(x: number): number | null {
    const chosen = this.scope.clock.range.peek();
    if (!chosen) return null;
    if (Math.abs(this.toX(chosen[0]) - x) <= HANDLE_PX) return chosen[1];
    if (Math.abs(this.toX(chosen[1]) - x) <= HANDLE_PX) return chosen[0];
    return null;
  }

  private down(event: PointerEvent): void {
    if ((event.button !== 0 && event.button !== 1) || !this.scope.clock.extent.peek()) return;
    const { x, y } = this.placeOf(event);
    const isOnNumbers = y > LABELS_TOP + 2;
    const fixed = this.handleAt(x);
    const now = this.scope.clock.now.peek();
    const isOnThumb = now !== null && Math.abs(this.toX(now) - x) <= HANDLE_PX && y < BAND_TOP + 4;
    if (event.button === 1) this.drag = { kind: "pan", from: x, view: this.view() };
    else if (fixed !== null && !isOnThumb && !event.shiftKey) this.drag = { kind: "range", fixed };
    else if (event.shiftKey || isOnNumbers) this.drag = { kind: "range", fixed: this.snapped(x) };
    else this.drag = { kind: "thumb" };
    this.host.setPointerCapture(event.pointerId);
    if (this.drag.kind === "thumb") this.scope.clock.moveTo(this.snapped(x));
    requestFrame(this.draw);
  }

  private move(event: PointerEvent): void {
    const { x, y } = this.placeOf(event);
    this.pointerX = x >= INSET && x <= this.host.clientWidth - INSET ? x : null;
    if (this.drag) this.dragTo(this.drag, x);
    else this.host.style.cursor = this.handleAt(x) !== null ? "ew-resize" : y > LABELS_TOP + 2 ? "text" : "pointer";
    requestFrame(this.draw);
  }

  private dragTo(drag: Drag, x: number): void {
    if (drag.kind === "thumb") {
      this.scope.clock.moveTo(this.snapped(x));
    } else if (drag.kind === "range") {
      const [least, most] = this.scope.clock.extent.peek() ?? [0, 1];
      const other = Math.max(least, Math.min(most, this.snapped(x)));
      if (Math.abs(this.toX(other) - this.toX(drag.fixed)) > 3) {
        this.scope.clock.range.value = [Math.min(drag.fixed, other), Math.max(drag.fixed, other)];
      }
    } else {
      const [from, to] = drag.view;
      const moved = ((drag.from - x) / (this.host.clientWidth - 2 * INSET)) * (to - from);
      this.show(from + moved, to + moved);
    }
  }

  private up(event: PointerEvent): void {
    if (this.host.hasPointerCapture(event.pointerId)) this.host.releasePointerCapture(event.pointerId);
    this.drag = null;
    requestFrame(this.draw);
  }

  private leave(): void {
    this.pointerX = null;
    requestFrame(this.draw);
  }

  private wheel(event: WheelEvent): void {
    const bounds = this.scope.clock.extent.peek();
    if (!bounds || (!event.ctrlKey && !event.metaKey && event.deltaX === 0 && this.scope.clock.trackView.peek() === null)) return;
    event.preventDefault();
    const [from, to] = this.view();
    if (event.ctrlKey || event.metaKey) {
      const factor = Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.004)));
      const at = this.toValue(this.placeOf(event).x);
      this.show(at - (at - from) * factor, at + (to - at) * factor);
    } else {
      const moved = ((event.deltaX + event.deltaY) / this.host.clientWidth) * (to - from);
      this.show(from + moved, to + moved);
    }
  }

  /** Show a part of the axis, inside what was logged; all of it when the part is as wide. */
  private show(from: number, to: number): void {
    const bounds = this.scope.clock.extent.peek();
    if (!bounds) return;
    const width = Math.max(to - from, (bounds[1] - bounds[0]) * 1e-5, this.scope.clock.axis.peek() === "step" ? 4 : 0);
    if (width >= bounds[1] - bounds[0]) {
      this.scope.clock.trackView.value = null;
      return;
    }
    const start = Math.max(bounds[0], Math.min(bounds[1] - width, from));
    this.scope.clock.trackView.value = [start, start + width];
  }
}
