/**
 * The selected item as large as the element around it (position: relative): the centre of the page. Overlays, inspector
 * and clock stay where they are.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import { isImage } from "@/lib/image/isImage";
import { type Size, WHOLE, placementOf, zoomAt } from "@/lib/image/transform";
import { formatNumber } from "@/lib/text/format";
import { gridOf } from "@/media/image/pictures";
import { Button, IconButton } from "@/parts/Button";
import { MiddleText } from "@/parts/MiddleText";
import { isKnown, viewOfRecord } from "@/media/registry";
import { TableCellView } from "@/panels/TableCellView";
import { useCoverKeys } from "@/panels/coverKeys";
import { StepBadge, TileFace, captionOf } from "@/panels/MediaTile";
import { ValueTools } from "@/panels/ValueTools";
import { Tile } from "@/media/tiles";
import { isInspectorOpen } from "@/state/page/layout";
import { type TileRef, sampleOf } from "@/state/media/tile";
import { type Scope, useScope } from "@/state/scope";
import { pixelRatio } from "@/state/page/screen";
import "@/panels/full.css";

const ZOOM_STEP = 1.5;

function closeFull(scope: Scope): void {
  const { isFull } = scope.selection;
  isFull.value = false;
}

export function FullView(): JSX.Element {
  const { isFull, selected } = useScope().selection;
  const tile = selected.value;
  return (
    <>
      {isFull.value && tile && <FullTile tile={tile} />}
      <TableCellView />
    </>
  );
}

/** How many items the run has at the step. */
function itemCount(scope: Scope, tile: TileRef, step: number | null | undefined): number {
  const { cellAt } = scope.cells;
  const state = step === null || step === undefined ? undefined : cellAt(tile.run, tile.key, step).value;
  return state?.is === "ready" ? state.cell.items.length : tile.index + 1;
}

function FullTile({ tile: wanted }: { tile: TileRef }): JSX.Element {
  const scope = useScope();
  const {
    missing: { whyNotThere },
    overlays: { changeOverlays },
    runs: { labelOf, runColor, runOf, visibleRuns },
    sample: { askForSample, nthOfSample },
    selection: { followedSample, selected },
    steps: { stepsOf },
    tracks: { trackOf },
    zoom: { smoothing, viewOf },
  } = scope;
  const tile = useMemo(() => new Tile(scope), []);
  const stage = useRef<HTMLDivElement>(null);
  const page = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const runs = visibleRuns.value.map((run) => run.uid).filter((uid) => uid === wanted.run || (trackOf(uid, wanted.key)?.total ?? 0) > 0);
  const asked = stepsOf(runs, wanted.key)[runs.indexOf(wanted.run)] ?? stepsOf([wanted.run], wanted.key)[0];
  const items = itemCount(scope, wanted, asked?.step);
  const sample = followedSample.value;
  const place = asked && (sample === "" ? {
    ...asked,
    index: wanted.index,
  } : askForSample(asked, wanted.run, wanted.key, sample, nthOfSample(wanted.run, wanted.key, asked.step, sample, wanted.index)));
  const shown = tile.shown.value;
  const run = runOf(wanted.run);
  const view = viewOf(wanted).value;
  const record = shown && isImage(shown.item) ? shown.item : null;
  // What is no picture is not covered by the badge: it stands in the head.
  const isFramed = shown !== null && isKnown(shown.item) && viewOfRecord(shown.item).tile !== undefined;
  const missing = shown ? null : whyNotThere(wanted);
  const isLate = asked?.step !== shown?.cell.step;

  useEffect(() => () => tile.dispose(), [tile]);
  useLayoutEffect(() => {
    if (place && size.width > 0) {
      tile.ask({ ...wanted, ...place, width: size.width * pixelRatio.peek(), height: size.height * pixelRatio.peek() });
    }
  });
  useLayoutEffect(() => {
    const element = stage.current;
    if (!element) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const before = document.activeElement;
    page.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  const go = (index: number, uid = wanted.run): void => {
    if (index >= 0 && index < items) selected.value = { ...wanted, run: uid, index };
  };
  const goRun = (by: number): void => {
    const next = runs[runs.indexOf(wanted.run) + by];
    if (next !== undefined) selected.value = { ...wanted, run: next };
  };
  const zoom = (factor: number | null): void => {
    if (!record) return;
    const target = viewOf(wanted);
    target.value = factor === null ? WHOLE : zoomAt(target.value, factor, { x: size.width / 2, y: size.height / 2 }, record, size);
  };
  const scale = record && size.width > 0 ? placementOf(view, record, size).scale : null;
  const actions = {
    ArrowLeft: () => go(wanted.index - 1),
    ArrowRight: () => go(wanted.index + 1),
    ArrowUp: () => goRun(-1),
    ArrowDown: () => goRun(1),
    "+": () => zoom(ZOOM_STEP),
    "=": () => zoom(ZOOM_STEP),
    "-": () => zoom(1 / ZOOM_STEP),
    "0": () => zoom(scale ? 1 / scale : null),
    f: () => zoom(null),
    p: () => (smoothing.value = smoothing.value === "pixelated" ? "smooth" : smoothing.value === "smooth" ? "auto" : "pixelated"),
    m: () => changeOverlays((state) => ({ ...state, masksVisible: !state.masksVisible })),
    b: () => changeOverlays((state) => ({ ...state, boxesVisible: !state.boxesVisible })),
    o: () => changeOverlays((state) => ({ ...state, polygonsVisible: !state.polygonsVisible })),
    k: () => changeOverlays((state) => ({ ...state, keypointsVisible: !state.keypointsVisible })),
    i: () => (isInspectorOpen.value = !isInspectorOpen.value),
  };
  useCoverKeys(actions);
  useLayoutEffect(() => onEscape(() => closeFull(scope)), []);

  return (
    <div ref={page} class="full" role="region" aria-label={`Full view of ${wanted.key}`} tabIndex={-1}>
      <header class="full-head">
        <span class="full-run" style={{ "--run": runColor(wanted.run) }}>
          <MiddleText text={run ? labelOf(run) : `run ${wanted.run}`} />
        </span>
        <span class="full-key">
          <MiddleText text={wanted.key} />
        </span>
        {isFramed && <StepBadge shown={shown} isLate={isLate} />}
        {items > 1 && <span class="full-count">{`${wanted.index + 1} of ${items}`}</span>}
        <span class="full-note" title={sampleOf(shown?.item) ?? undefined}>{sampleOf(shown?.item)}</span>
        <span class="full-caption truncate" title={captionOf(shown)}>
          {captionOf(shown) === sampleOf(shown?.item) ? "" : captionOf(shown)}
        </span>
        {items > 1 && (
          <IconButton icon="chevronLeft" label="Previous item (←)" isDisabled={wanted.index === 0} onClick={actions.ArrowLeft} />
        )}
        {items > 1 && (
          <IconButton icon="chevronRight" label="Next item (→)" isDisabled={wanted.index + 1 >= items} onClick={actions.ArrowRight} />
        )}
        {runs.length > 1 && (
          <IconButton icon="chevronUp" label="Previous run (↑)" isDisabled={runs[0] === wanted.run} onClick={actions.ArrowUp} />
        )}
        {runs.length > 1 && (
          <IconButton icon="chevronDown" label="Next run (↓)" isDisabled={runs.at(-1) === wanted.run} onClick={actions.ArrowDown} />
        )}
        {record && (
          <>
            <IconButton icon="minus" label="Zoom out (−)" onClick={actions["-"]} />
            <span class="full-zoom" title="Screen pixels for one pixel of the picture">
              {scale === null ? "" : `${formatNumber(Number((scale * 100).toPrecision(3)))} %`}
            </span>
            <IconButton icon="plus" label="Zoom in (+)" onClick={actions["+"]} />
            <Button look="plain" label="Fit the picture into the view (F)" onClick={actions.f}>
              Fit
            </Button>
            <Button look="plain" label="One screen pixel for one pixel (0)" onClick={actions["0"]}>
              1:1
            </Button>
            <Button look="plain" label="Smooth or square pixels (P)" isPressed={smoothing.value !== "auto"} onClick={actions.p}>
              {smoothing.value === "auto" ? "Auto pixels" : smoothing.value === "smooth" ? "Smooth" : "Squares"}
            </Button>
          </>
        )}
        <IconButton icon="close" label="Close (Esc)" onClick={() => closeFull(scope)} />
      </header>
      {record && gridOf(record) && <ValueTools record={record} />}
      <div ref={stage} class={`full-stage${isFramed ? " full-framed" : ""}`}>
        {missing !== null && (
          <div class="tile-words full-missing" role="status">
            {missing}
          </div>
        )}
        {missing === null && size.width > 0 && <TileFace tile={tile} box={size} isLate={isLate} isFullSize hasBadge={!isFramed} />}
      </div>
    </div>
  );
}
