// A chart on its element: makes uPlot, keeps its size, redraws when a signal says so.

import { effect, untracked } from "@preact/signals";
import uPlot from "uplot";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";
import { countUpTo } from "@/lib/clock/resolve";
import { axisName, formatPosition, formatReading, formatShort } from "@/lib/text/axisFormat";
import { theme, token } from "@/state/page/theme";
import { sampleAt } from "@/charts/curve";
import { ExactReader } from "@/charts/exact";
import { type XKind, xAxis, xKindOf, yAxis } from "@/charts/axes";
import { Gestures } from "@/charts/gestures";
import type { ChartModel, Reading } from "@/charts/model";
import { type AxisScale, paintCurves, placer } from "@/charts/paint";
import { type TooltipRow, hideTooltip, showTooltip } from "@/charts/tooltip";
import type { Scope } from "@/state/scope";

const FONT = '10.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
/** Media ticks closer than this are one. */
const TICK_ROOM_PX = 3;

interface Shape {
  kind: XKind;
  isLogX: boolean;
  isLogY: boolean;
}

export class ChartView {
  private plot: uPlot | null = null;
  private shape: Shape | null = null;
  private readonly overlay = document.createElement("canvas");
  private gestures: Gestures | null = null;
  private readonly exact: ExactReader;
  private readonly stops: (() => void)[] = [];
  private isDue = false;

  constructor(
    private readonly scope: Scope, private readonly host: HTMLElement,
    private readonly model: ChartModel,
  ) {
    this.overlay.className = "chart-overlay";
    this.exact = new ExactReader(this.scope, model, () => requestFrame(this.drawOverlay));
    const sizes = new ResizeObserver(() => {
      model.widthPx.value = host.clientWidth;
      requestFrame(this.draw);
    });
    sizes.observe(host);
    const sight = new IntersectionObserver(([entry]) => (model.isVisible.value = entry?.isIntersecting ?? false), { rootMargin: "240px" });
    sight.observe(host);
    this.stops.push(
      () => sizes.disconnect(),
      () => sight.disconnect(),
      effect(() => {
        // Everything that the curves' canvas depends on.
        const { curves, xLimits, yLimits, settings, isVisible } = model;
        for (const curve of curves.value) this.scope.runs.runColor(curve.series.run);
        void [xLimits.value, yLimits.value, settings.value, theme.value, this.scope.runs.hoveredRun.value];
        this.isDue = true;
        if (isVisible.value) requestFrame(this.draw);
      }),
      effect(() => {
        // Everything that only the overlay depends on.
        const { axis, now, position, stops } = this.scope.clock;
        void [model.shared.value.hover.value, position.value, now.value, axis.value, stops.value, theme.value];
        if (model.isVisible.value) requestFrame(this.drawOverlay);
      }),
    );
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    cancelFrame(this.draw);
    cancelFrame(this.drawOverlay);
    this.gestures?.dispose();
    this.exact.dispose();
    hideTooltip(this);
    this.plot?.destroy();
    this.plot = null;
  }

  /** The picture with its curves, for the download. */
  canvas(): HTMLCanvasElement | null {
    return this.plot?.ctx.canvas ?? null;
  }

  private readonly draw = (): void => {
    const { model, host } = this;
    const width = host.clientWidth;
    const height = host.clientHeight;
    if (width < 40 || height < 40) return;
    const started = performance.now();
    const settings = model.settings.peek();
    const shape: Shape = { kind: xKindOf(settings.x), isLogX: settings.isLogX, isLogY: settings.isLogY };
    const [min, max] = model.xLimits.peek();
    const y = model.yLimits.peek();
    const themeNow = theme.peek();
    const isAlike =
      this.shape && this.shape.kind === shape.kind && this.shape.isLogX === shape.isLogX && this.shape.isLogY === shape.isLogY;
    if (!this.plot || !isAlike || this.drawnTheme !== themeNow) {
      this.make(shape, width, height);
    }
    const plot = this.plot;
    if (!plot) return;
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
    plot.batch(() => {
      plot.setScale("x", { min, max });
      plot.setScale("y", { min: y.min, max: y.max });
    });
    this.isDue = false;
    performance.measure("diorama:chart-redraw", { start: started, detail: { key: model.keyName, points: model.visibleCount() } });
    if (model.askedAt !== null && model.status.peek().is === "ready" && !model.isRefreshing.peek()) {
      performance.measure("diorama:chart-draw", { start: model.askedAt, detail: { key: model.keyName } });
      model.askedAt = null;
    }
    this.drawOverlay();
  };

  private drawnTheme: string | null = null;

  private make(shape: Shape, width: number, height: number): void {
    this.gestures?.dispose();
    this.plot?.destroy();
    this.shape = shape;
    this.drawnTheme = theme.peek();
    const look = untracked(() => ({ text: token("--text-3"), line: token("--surface-2"), font: FONT }));
    const [min, max] = this.model.xLimits.peek();
    const y = this.model.yLimits.peek();
    const plot = new uPlot(
      {
        width,
        height,
        pxAlign: 1,
        padding: [6, 10, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        scales: {
          x: {
            time: shape.kind === "time" && !shape.isLogX,
            auto: false,
            distr: shape.isLogX ? 3 : 1,
            range: (_self, from, to) => [from, to],
          },
          y: { auto: false, distr: shape.isLogY ? 3 : 1, range: (_self, from, to) => [from ?? y.min, to ?? y.max] },
        },
        axes: [xAxis(shape.kind, shape.isLogX, look), yAxis(shape.isLogY, look)],
        series: [{}, { scale: "y", show: true, paths: () => null, points: { show: false } }],
        hooks: { draw: [(self) => this.paint(self)] },
      },
      [
        [min, max],
        [y.min, y.max],
      ],
      this.host,
    );
    this.plot = plot;
    plot.over.append(this.overlay);
    this.gestures = new Gestures(this.scope, plot, this.model, {
      onHover: (event) => {
        this.pointer = event;
        requestFrame(this.drawOverlay);
      },
      onSelect: (selection) => {
        this.selection = selection;
        requestFrame(this.drawOverlay);
      },
      sampleX: (x, top) => this.nearestAt(x, top)?.x ?? null,
    });
  }

  private scaleOf(plot: uPlot, name: "x" | "y"): AxisScale {
    const isLog = name === "x" ? this.shape?.isLogX : this.shape?.isLogY;
    return { min: plot.scales[name]?.min ?? 0, max: plot.scales[name]?.max ?? 1, isLog: isLog ?? false };
  }

  private paint(plot: uPlot): void {
    const { model } = this;
    const set = this.scope.runs.hoveredRun.peek();
    const curves = model.curves.peek();
    const isAny = set !== null && curves.some((curve) => curve.series.run === set);
    untracked(() => {
      paintCurves(plot.ctx, {
        area: plot.bbox,
        x: this.scaleOf(plot, "x"),
        y: this.scaleOf(plot, "y"),
        ratio: uPlot.pxRatio,
        isBandShown: model.settings.peek().isBandShown,
        // the first run of the list lies on top
        curves: curves
          .map((curve) => ({ curve, color: this.scope.runs.runColor(curve.series.run), isDimmed: isAny && curve.series.run !== set }))
          .reverse(),
      });
    });
  }

  // ---- the overlay: media ticks, scrub bar, crosshair, drag ---------------------------------------------------------

  private pointer: PointerEvent | null = null;
  private selection: [number, number] | null = null;

  private readonly drawOverlay = (): void => {
    const { plot, overlay, model } = this;
    if (!plot || (this.isDue && model.isVisible.peek())) return; // the curves are drawn first
    const width = plot.over.clientWidth;
    const height = plot.over.clientHeight;
    const ratio = uPlot.pxRatio;
    if (overlay.width !== Math.round(width * ratio) || overlay.height !== Math.round(height * ratio)) {
      overlay.width = Math.round(width * ratio);
      overlay.height = Math.round(height * ratio);
    }
    const context = overlay.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    untracked(() => {
      const toX = placer(this.scaleOf(plot, "x"), 0, width, false);
      const isOnClock = model.isOnClock.value;
      if (isOnClock) this.drawMediaTicks(context, toX, width, height);
      const stand = this.scope.clock.now.value;
      if (isOnClock && stand !== null && this.scope.clock.position.value !== null) {
        verticalLine(context, toX(stand), width, height, token("--accent"), [4, 3]);
      }
      if (this.selection) {
        const [from, to] = this.selection;
        context.fillStyle = token("--accent");
        context.globalAlpha = 0.12;
        context.fillRect(Math.min(from, to), 0, Math.abs(to - from), height);
        context.globalAlpha = 1;
      }
      this.drawHover(context, plot, toX, width, height);
    });
  };

  private drawMediaTicks(context: CanvasRenderingContext2D, toX: (x: number) => number, width: number, height: number): void {
    const ticks = this.scope.clock.stops.value;
    const [from, to] = this.model.xLimits.peek();
    const end = countUpTo(ticks, to);
    context.fillStyle = token("--accent");
    context.globalAlpha = 0.55;
    let drawnAt = -Infinity;
    for (let i = countUpTo(ticks, from - 1e-12 * Math.abs(from)); i < end; i++) {
      const place = toX(ticks[i] ?? NaN);
      if (!(place >= 0 && place <= width) || place - drawnAt < TICK_ROOM_PX) continue;
      drawnAt = place;
      context.fillRect(Math.round(place), height - 4, 1, 4);
    }
    context.globalAlpha = 1;
  }

  private drawHover(context: CanvasRenderingContext2D, plot: uPlot, toX: (x: number) => number, width: number, height: number): void {
    const { model } = this;
    const x = model.shared.value.hover.value;
    if (x === null || this.gestures?.isDragging) {
      hideTooltip(this);
      this.exact.forget();
      return;
    }
    verticalLine(context, toX(x), width, height, token("--line-strong"), []);
    const toY = placer(this.scaleOf(plot, "y"), 0, height, true);
    const readings = model.readingsAt(x);
    const surface = token("--surface");
    for (const reading of readings) {
      const top = toY(reading.value);
      if (!Number.isFinite(top) || top < -4 || top > height + 4) continue;
      context.beginPath();
      context.arc(toX(reading.x), top, 3, 0, 2 * Math.PI);
      context.fillStyle = this.scope.runs.runColor(reading.run);
      context.strokeStyle = surface;
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    }
    if (this.pointer) this.fillTooltip(x, this.pointer, readings, toY);
    else hideTooltip(this);
  }

  private fillTooltip(x: number, pointer: PointerEvent, readings: Reading[], toY: (value: number) => number): void {
    const { model } = this;
    if (readings.length === 0) {
      hideTooltip(this);
      return;
    }
    const axisOf = model.settings.peek().x;
    const top = pointer.clientY - (this.plot?.over.getBoundingClientRect().top ?? 0);
    const nearest = nearestReading(readings, top, toY);
    this.exact.read(x, readings);
    const curves = new Map(model.curves.peek().map((curve) => [curve.series.run, curve]));
    const shownX = formatPosition(axisOf, axisOf === "step" ? Math.round(x) : x);
    // each row says where its value really stands, unless that is where the pointer is
    const placeText = (place: number): string => {
      const text = formatPosition(axisOf, place);
      return text === shownX || Math.abs(place - x) < 0.5 * this.pixelWidth() ? "" : `at ${text}`;
    };
    const rows = readings.map((reading): TooltipRow & { order: number } => {
      const curve = curves.get(reading.run);
      const count = curve?.series.count?.[reading.index] ?? 1;
      const exact = this.exact.valueOf(reading.run, x);
      const raw = exact ? exact.value : (curve?.mean[reading.index] ?? NaN);
      const band = `from ${formatShort(curve?.low[reading.index] ?? NaN)} to ${formatShort(curve?.high[reading.index] ?? NaN)}`;
      const parts: string[] = [];
      if (curve?.isSmoothed) parts.push(`smoothed ${formatShort(reading.value)}`);
      const { group } = curve?.series ?? {};
      if (group) {
        parts.push(`mean of ${group.runCount} runs ${band}`, placeText(reading.x));
      } else if (exact) parts.push(placeText(exact.x));
      else if (count > 1) {
        parts.push(`mean of ${count.toLocaleString("en-US")} ${band}`);
      } else parts.push(placeText(reading.x));
      return {
        color: this.scope.runs.runColor(reading.run),
        name: curve?.series.group?.name ?? nameOfRun(this.scope, reading.run),
        value: formatReading(raw),
        detail: parts.filter((part) => part !== "").join(" · "),
        isNearest: reading === nearest,
        order: raw,
      };
    });
    rows.sort((a, b) => (Number.isNaN(b.order) ? -1 : Number.isNaN(a.order) ? 1 : b.order - a.order));
    showTooltip(this, { x: pointer.clientX, y: pointer.clientY }, `${axisName(axisOf)} ${shownX}`, rows);
  }

  /** The x width of one pixel. */
  private pixelWidth(): number {
    const [from, to] = this.model.xLimits.peek();
    return (to - from) / Math.max(1, this.plot?.over.clientWidth ?? 1);
  }

  /** The sample of the curve nearest to a point of the plot. */
  private nearestAt(x: number, top: number): { x: number } | null {
    const { plot, model } = this;
    if (!plot) return null;
    const toY = placer(this.scaleOf(plot, "y"), 0, plot.over.clientHeight, true);
    const reading = nearestReading(model.readingsAt(x), top, toY);
    if (!reading) return null;
    const curve = model.curves.peek().find((one) => one.series.run === reading.run);
    const index = curve && sampleAt(curve, x, Infinity);
    return curve && typeof index === "number" && curve.series.isExact ? { x: curve.x[index] ?? x } : null;
  }
}

function nameOfRun(scope: Scope, uid: number): string {
  const { labelOf, runOf } = scope.runs;
  const run = runOf(uid);
  return run ? labelOf(run) : `run ${uid}`;
}

function nearestReading(readings: readonly Reading[], top: number, toY: (value: number) => number): Reading | null {
  let nearest: Reading | null = null;
  let least = Infinity;
  for (const reading of readings) {
    const distance = Math.abs(toY(reading.value) - top);
    if (distance >= least) continue;
    least = distance;
    nearest = reading;
  }
  return nearest;
}

function verticalLine(context: CanvasRenderingContext2D, x: number, width: number, height: number, color: string, dash: number[]): void {
  if (!(x >= -1 && x <= width + 1)) return;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.setLineDash(dash);
  context.beginPath();
  const crisp = Math.min(width - 0.5, Math.max(0.5, Math.round(x - 0.5) + 0.5));
  context.moveTo(crisp, 0);
  context.lineTo(crisp, height);
  context.stroke();
  context.setLineDash([]);
}
