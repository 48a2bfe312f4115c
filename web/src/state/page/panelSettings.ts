/**
 * The settings of panels, in three layers: those of the page, over them those of the panel's record, over them what a person has
 * changed of this panel, which is in the address bar. What a panel's key asks for by itself lies right over the page's.
 *
 * An automatic panel is named there by its key, in the parameter of its type if that has one. Every other panel is named by its id, in
 * `settings`, as JSON: {"p1":{"isLogY":true}}.
 */
import { type ReadonlySignal, type Signal, computed } from "@preact/signals";
import type { MakeUrlSignal } from "@/state/page/url";

/** As much of a panel as its settings need. */
export interface PanelRef<S extends object> {
  readonly id: string;
  readonly keys: readonly [KeyRef, ...KeyRef[]];
  readonly settings: Readonly<Partial<S>>;
}

interface KeyRef {
  readonly kind: string;
  readonly key: string;
}

/** The id of the panel that a key calls for by itself. */
export function automaticId({ kind, key }: KeyRef): string {
  return `${kind} ${key}`;
}

export function isAutomatic({ id, keys: [first] }: Pick<PanelRef<object>, "id" | "keys">): boolean {
  return id === automaticId(first);
}

/** Whether a value from outside may be this setting: a check for each, without one of them it does not compile. */
export type Checks<S> = { readonly [F in keyof S]-?: (value: unknown) => boolean };

export const isText = (value: unknown): boolean => typeof value === "string";
export const isBoolean = (value: unknown): boolean => typeof value === "boolean";
export const isListOf = (check: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) && value.every(check);

/** Settings that were written as JSON; what is no setting, or makes no sense, is left out. */
export function readSettings<S extends object>(checks: Checks<S>, written: unknown): Partial<S> {
  if (typeof written !== "object" || written === null) return {};
  const fields = new Map(Object.entries(written));
  const names = Object.keys(checks) as (keyof S & string)[];
  return Object.fromEntries(
    names.filter((name) => fields.has(name) && checks[name](fields.get(name))).map((name) => [name, fields.get(name)]),
  ) as Partial<S>;
}

function areSame<S extends object>(one: S, other: S): boolean {
  return (Object.keys(one) as (keyof S)[]).every((field) => Object.is(one[field], other[field]));
}

/** What a person has changed of single panels, by a name. */
export interface OwnSettings<S extends object> {
  /** Undefined: nothing. Reading it subscribes. */
  of: (name: string) => Partial<S> | undefined;
  set: (name: string, own: Partial<S> | undefined) => void;
}

export interface Layers<S extends object> {
  page: ReadonlySignal<S>;
  /** Given where a choice is for all panels of the page, except for those that have this setting of their own. */
  changePage?: (changes: Partial<S>) => void;
  /** What a panel of this key asks for by itself, where the page leaves it the choice. Reading it subscribes. */
  askedBy?: (key: KeyRef) => Partial<S>;
  /** The parameter in which automatic panels are named by their keys; without it they are named by their ids. */
  byKey?: OwnSettings<S>;
  checks: Checks<S>;
}

export interface LayeredSettings<S extends object> {
  readonly page: ReadonlySignal<S>;
  /** What the panel is drawn with: a new value only where one of its settings has changed. */
  settingsOf: (panel: PanelRef<S>) => ReadonlySignal<S>;
  /** What a person has changed of the panel. Reading it subscribes. */
  ownOf: (panel: PanelRef<S>) => Partial<S>;
  change: (panel: PanelRef<S>, changes: Partial<S>) => void;
  /** Back to what the record, the key and the page say. */
  reset: (panel: PanelRef<S>) => void;
}

type Written = ReadonlyMap<string, unknown>;

interface PanelSettingsNeeds {
  urlSignal: MakeUrlSignal;
}

export function makePanelSettings({ urlSignal }: PanelSettingsNeeds) {
  const written: Signal<Written> = urlSignal<Written>("settings", new Map(), {
    parse: (text) => {
      const parsed: unknown = JSON.parse(text);
      return typeof parsed === "object" && parsed !== null ? new Map(Object.entries(parsed)) : undefined;
    },
    format: (all) => JSON.stringify(Object.fromEntries(all)),
    history: "replace",
  });

  function setById(id: string, own: object | undefined): void {
    const next = new Map(written.peek());
    if (own) next.set(id, own);
    else next.delete(id);
    written.value = next;
  }

  /** The settings of one type of panels. */
  function layered<S extends object>({ page, changePage, askedBy, byKey, checks }: Layers<S>): LayeredSettings<S> {
    const signals = new Map<string, ReadonlySignal<S>>();
    const byId: OwnSettings<S> = {
      of: (id) => (written.value.has(id) ? readSettings(checks, written.value.get(id)) : undefined),
      set: setById,
    };

    function placeOf(panel: PanelRef<S>): { own: OwnSettings<S>; name: string } {
      return byKey && isAutomatic(panel) ? { own: byKey, name: panel.keys[0].key } : { own: byId, name: panel.id };
    }

    function ownOf(panel: PanelRef<S>): Partial<S> {
      const { own, name } = placeOf(panel);
      return own.of(name) ?? {};
    }

    function settingsOf(panel: PanelRef<S>): ReadonlySignal<S> {
      const name = JSON.stringify([panel.id, automaticId(panel.keys[0]), panel.settings]);
      let found = signals.get(name);
      if (!found) {
        let last: S | undefined;
        found = computed(() => {
          const next = { ...page.value, ...askedBy?.(panel.keys[0]), ...panel.settings, ...ownOf(panel) };
          if (!last || !areSame(last, next)) last = next;
          return last;
        });
        signals.set(name, found);
      }
      return found;
    }

    function change(panel: PanelRef<S>, changes: Partial<S>): void {
      const { own, name } = placeOf(panel);
      const before = own.of(name) ?? {};
      const ofPanel = new Set(Object.keys(changePage ? { ...askedBy?.(panel.keys[0]), ...panel.settings, ...before } : changes));
      const split = (isOfPanel: boolean): Partial<S> =>
        Object.fromEntries(Object.entries(changes).filter(([field]) => ofPanel.has(field) === isOfPanel)) as Partial<S>;
      const forPanel = split(true);
      const forPage = split(false);
      if (Object.keys(forPanel).length > 0) own.set(name, { ...before, ...forPanel });
      if (Object.keys(forPage).length > 0) changePage?.(forPage);
    }

    function reset(panel: PanelRef<S>): void {
      const { own, name } = placeOf(panel);
      own.set(name, undefined);
    }

    return { page, settingsOf, ownOf, change, reset };
  }

  return { layered };
}

export type PanelSettingsRoom = ReturnType<typeof makePanelSettings>;
