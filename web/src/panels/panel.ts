/**
 * A panel is a plain record: what it is of, and how it is looked at. It can be written as JSON and read back; it holds no
 * signals and no elements. The panels that a workspace shows by itself are computed from what was logged (`automaticPanels`)
 * and never stored, so that new keys keep appearing.
 *
 * To add a type: its settings in `PanelSettings`, its kind in `panels/panels.tsx`. Without one of them it does not compile.
 */
import type { JSX } from "preact";
import type { KeyView, RunView } from "@/api/schema";
import type { HistogramSettings } from "@/state/charts/histograms";
import type { ChartSettings } from "@/state/charts/settings";
import type { MediaSettings } from "@/state/media/zoom";
import { automaticId } from "@/state/page/panelSettings";
import type { LoggedKey } from "@/state/runs/keys";
import type { Scope } from "@/state/scope";
import type { TableSettings } from "@/state/tables/settings";

/**
 * What each type of panel can have of its own, over the settings of the page; all of it is JSON. What a person changes on the page lies
 * over it in turn: see state/page/panelSettings.ts.
 */
export interface PanelSettings {
  chart: Readonly<Partial<ChartSettings>>;
  /** A metric of the machine. */
  system: Readonly<Partial<ChartSettings>>;
  histogram: Readonly<Partial<HistogramSettings>>;
  value: NoSettings;
  media: Readonly<Partial<MediaSettings>>;
  table: Readonly<Partial<TableSettings>>;
}

export type NoSettings = Readonly<Record<string, never>>;

export type PanelType = keyof PanelSettings;

/** Which runs of its scope a panel draws: those that are shown, or these. */
export interface PanelQuery {
  readonly runs: "shown" | readonly number[];
}

export interface Panel<T extends PanelType = PanelType> {
  /** Names it among the panels of a workspace. */
  readonly id: string;
  readonly type: T;
  readonly title: string;
  /** What it draws; the first one leads. */
  readonly keys: readonly [LoggedKey, ...LoggedKey[]];
  readonly query: PanelQuery;
  readonly settings: PanelSettings[T];
}

/** A panel of one of these types. */
export type PanelOf<T extends PanelType> = { [One in T]: Panel<One> }[T];

/** A panel of whatever type. */
export type AnyPanel = PanelOf<PanelType>;

/** Columns of the grid of panels. */
export interface Span {
  /** Columns that a panel takes; more than there are: the whole row. */
  wish: number;
  /** That it can use, if they would stay empty. */
  most: number;
}

export interface PanelProps<T extends PanelType> {
  panel: Panel<T>;
  /** It stands among others in its row, so it keeps to about their height. */
  isPacked: boolean;
}

/** What the page knows of a type of panels. */
export interface PanelKind<T extends PanelType> {
  /** The panel that a logged key calls for by itself; null for a key that is not for this type. */
  defaults: (key: KeyView) => Panel<T> | null;
  View: (props: PanelProps<T>) => JSX.Element;
  /** Its settings, in a popover; null where there is nothing to set. */
  Form: ((props: { panel: Panel<T> }) => JSX.Element) | null;
  /** Height to reserve before it was ever drawn, px. `isAlone`: it has the row for itself. */
  leastHeight: (panel: Panel<T>, isAlone: boolean) => number;
  /** How many columns of `columnWidth` px it wants. Reading it subscribes to what that depends on. */
  span: (scope: Scope, panel: Panel<T>, columnWidth: number) => Span;
}

/** A kind for each type: without one of them it does not compile. */
export type PanelKinds = { readonly [T in PanelType]: PanelKind<T> };

/** The automatic panel of a key, of the runs that are shown. */
export function panelOfKey<T extends PanelType>(type: T, { kind, key }: LoggedKey, settings: PanelSettings[T]): Panel<T> {
  return { id: automaticId({ kind, key }), type, title: key, keys: [{ kind, key }], query: { runs: "shown" }, settings };
}

/** The runs that a panel draws. Reading it subscribes. */
export function runsOfPanel({ runs }: Scope, { query }: Pick<Panel, "query">): readonly RunView[] {
  if (query.runs === "shown") return runs.visibleRuns.value;
  return query.runs.flatMap((uid) => runs.runOf(uid) ?? []);
}

/** Those of them that have logged its first key. Reading it subscribes. */
export function runsHavingKey(scope: Scope, panel: Pick<Panel, "keys" | "query">): readonly RunView[] {
  const having = new Set(scope.keys.keyOf(panel.keys[0])?.runs.map(({ run }) => run));
  return runsOfPanel(scope, panel).filter(({ uid }) => having.has(uid));
}
