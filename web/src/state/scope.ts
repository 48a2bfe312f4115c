/**
 * What a part of the page looks through: its runs, its clock, its overlays, its selection, its settings, and the place in the
 * address bar where they are kept. Components find it with `useScope()`, other functions are given it; nothing of it
 * lives in a module, so that one page can hold several which do not disturb one another.
 *
 * A scope follows the live stream and the address bar until it is told to stop; the page's own as long as the page lives.
 */
import { type ReadonlySignal, computed, untracked } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Source } from "@/api/source";
import { Ends } from "@/lib/ends";
import { makeAxes } from "@/state/clock/axes";
import { makeClock } from "@/state/clock/clock";
import { makePlayer } from "@/state/clock/player";
import { makeSharedAxes } from "@/state/clock/sharedAxes";
import { makeTracks } from "@/state/clock/tracks";
import { makeWaiting } from "@/state/clock/waiting";
import { makeHistograms } from "@/state/charts/histograms";
import { makeCharts } from "@/state/charts/settings";
import { makeCells } from "@/state/media/cells";
import { makeImageLook } from "@/state/media/imageLook";
import { makeMissing } from "@/state/media/missing";
import { makePageImages } from "@/state/media/pageImages";
import { makeProbe } from "@/state/media/probe";
import { makeSample } from "@/state/media/sample";
import { makeSelection } from "@/state/media/selection";
import { makeSteps } from "@/state/media/steps";
import { makeZoom } from "@/state/media/zoom";
import { makeSeries } from "@/state/metrics/series";
import { makeSparks } from "@/state/metrics/sparks";
import { makeOverlayIndex } from "@/state/overlays/overlayIndex";
import { makeOverlays } from "@/state/overlays/overlays";
import { makePanelSettings } from "@/state/page/panelSettings";
import { type Route, projectOf } from "@/state/page/route";
import { urlNamespace } from "@/state/page/url";
import { makeDetail } from "@/state/runs/detail";
import { makeKeys } from "@/state/runs/keys";
import { makePanelSearch } from "@/state/runs/panelSearch";
import { makeRuns } from "@/state/runs/runs";
import { makeRunTable } from "@/state/runs/runTable";
import { listenTo } from "@/state/server/live";
import { makeTables } from "@/state/tables/model";
import { makeTablePages } from "@/state/tables/pages";
import { makeTableSettings } from "@/state/tables/settings";

export interface ScopeOptions {
  /** Whom it asks. */
  source: Source;
  /** In front of the names of its parameters in the address bar. "" is the page's own scope. */
  namespace: string;
  /** Which project, or which run, it is of. */
  route: ReadonlySignal<Route>;
}

export type Scope = ReturnType<typeof makeScope>;

export function makeScope({ source, namespace, route }: ScopeOptions) {
  const ends = new Ends();
  const place = urlNamespace(namespace);
  ends.add(place.stop);
  const { urlSignal } = place;
  const panelSettings = makePanelSettings({ urlSignal });
  const runs = makeRuns({ source, urlSignal, route });
  const keys = makeKeys({ source, runs });
  const detail = makeDetail({ source, route, runs });
  const runTable = makeRunTable({ source, runs });
  const panelSearch = makePanelSearch({ urlSignal });
  const series = makeSeries({ source });
  const sparks = makeSparks({ source, route, runs, keys });
  const clock = makeClock({ urlSignal });
  const sharedAxes = makeSharedAxes({ clock });
  const axes = makeAxes({ runs, keys, clock });
  const waiting = makeWaiting();
  const player = makePlayer({ clock, waiting });
  const tracks = makeTracks({ source, runs, keys, clock, series });
  const charts = makeCharts({ urlSignal, clock, keys, panelSettings });
  const histograms = makeHistograms({ source, urlSignal, panelSettings });
  const cells = makeCells({ source });
  const steps = makeSteps({ clock, tracks });
  const sample = makeSample({ cells });
  const zoom = makeZoom({ urlSignal, panelSettings });
  const selection = makeSelection({ urlSignal });
  const probe = makeProbe();
  const imageLook = makeImageLook({ urlSignal });
  const missing = makeMissing({ runs, keys });
  const pageImages = makePageImages({ runs, keys, panelSearch, cells, steps });
  const overlays = makeOverlays({ urlSignal });
  const overlayIndex = makeOverlayIndex({ selection, pageImages });
  const tables = makeTables({ urlSignal, waiting });
  const tablePages = makeTablePages({ source });
  const tableSettings = makeTableSettings({ urlSignal, panelSettings });
  const rooms = {
    runs,
    keys,
    detail,
    runTable,
    panelSearch,
    series,
    sparks,
    clock,
    sharedAxes,
    axes,
    waiting,
    player,
    tracks,
    charts,
    histograms,
    cells,
    steps,
    sample,
    zoom,
    selection,
    probe,
    imageLook,
    missing,
    pageImages,
    overlays,
    overlayIndex,
    tables,
    tablePages,
    tableSettings,
  };
  for (const room of Object.values(rooms)) if ("stop" in room) ends.add(room.stop);
  return {
    ...rooms,
    source,
    urlSignal,
    route,
    /** The id of an element, which must be the only one of the page. */
    elementId: (name: string) => `${namespace}${name}`,
    /** Begin to ask; once, when somebody is signed in. */
    start: () => {
      ends.add(listenTo(computed(() => projectOf(route.value))));
      runs.startRuns();
      detail.startDetail();
      keys.startKeys();
      sparks.startSparks();
    },
    /** Called when the scope ends, or at once when it has. For what a `scopePart` begins. */
    onStop: (stop: () => void) => ends.add(stop),
    /** It follows nothing any more, asks for nothing by itself, and its names in the address bar are free; their texts stay. */
    stop: () => ends.end(),
  };
}

/** Given by `main` for the page; another one around a part of it makes that part look through its own. */
export const ScopeContext = createContext<Scope | null>(null);

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (!scope) throw new Error("useScope() outside of a ScopeContext.Provider");
  return scope;
}

/** What a room above the state keeps for each scope (a kind of media its own settings, say): made when it is first asked for. */
export function scopePart<T>(make: (scope: Scope) => T): (scope: Scope) => T {
  const made = new WeakMap<Scope, { part: T }>();
  return (scope) => {
    let found = made.get(scope);
    if (!found) made.set(scope, (found = { part: untracked(() => make(scope)) }));
    return found.part;
  };
}
