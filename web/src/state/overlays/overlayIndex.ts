/** Which layers, classes and scores the pictures of the page have: what the inspector lists. Pure but for the last lines. */
import { type ReadonlySignal, computed } from "@preact/signals";
import type { ImageRecord } from "@/api/schema";
import { type ScoreStats, passesScores, scoreStats } from "@/lib/image/boxes";
import { classNameOf } from "@/lib/image/classColors";
import { isImage } from "@/lib/image/isImage";
import { type OverlayState, type ShapeKind, isTruthName, layerOf } from "@/lib/image/overlayState";
import { type ShapeRecord, shapeLayersOf } from "@/lib/image/shapes";
import { dealColors } from "@/state/page/classColors";
import type { ScopePageImages } from "@/state/media/pageImages";
import type { ScopeSelection } from "@/state/media/selection";

export interface ClassEntry {
  name: string;
  id: number | null;
  /** Of a mask: its share of the pixels, 0 to 1. Of shapes: how many there are. */
  amount: number;
}

export interface MaskLayerEntry {
  name: string;
  classes: ClassEntry[];
}

export interface ShapeLayerEntry {
  kind: ShapeKind;
  name: string;
  /** Those that are counted. */
  shapes: ShapeRecord[];
  /** Of all pictures of the page: thresholds hold for all of them. */
  scores: ScoreStats[];
  classes: ClassEntry[];
}

export interface OverlayIndex {
  maskLayers: MaskLayerEntry[];
  shapeLayers: ShapeLayerEntry[];
}

/** Ids and names of a layer's classes, with the amount of each. */
class Classes {
  readonly #ids = new Map<string, number | null>();
  readonly #amounts = new Map<string, number>();
  total = 0;

  name(name: string, id: number): void {
    if (!this.#ids.has(name)) this.#ids.set(name, id);
  }

  count(name: string, amount: number): void {
    this.#amounts.set(name, (this.#amounts.get(name) ?? 0) + amount);
    this.total += amount;
  }

  /** `unit`: what an amount of 1 is. */
  entries(unit: number): ClassEntry[] {
    const found = [...this.#ids].map(([name, id]): ClassEntry => ({ name, id, amount: (this.#amounts.get(name) ?? 0) / unit }));
    return found.sort((a, b) => (a.id ?? Infinity) - (b.id ?? Infinity) || a.name.localeCompare(b.name));
  }
}

/** Layers, classes and scores come from all records; amounts from `measured` (the selected picture, else all). */
export function indexOverlays(all: readonly ImageRecord[], measured: readonly ImageRecord[]): OverlayIndex {
  const masks = new Map<string, Classes>();
  const shapes = new Map<string, { kind: ShapeKind; name: string; all: ShapeRecord[]; counted: ShapeRecord[]; classes: Classes }>();
  const isMeasured = new Set(measured);
  for (const record of new Set([...all, ...measured])) {
    const counts = isMeasured.has(record);
    for (const [layer, mask] of Object.entries(record.masks ?? {})) {
      const classes = masks.get(layer) ?? new Classes();
      masks.set(layer, classes);
      const labels = mask.class_labels ?? record.classes;
      for (const id of Object.keys(labels ?? {})) classes.name(classNameOf(Number(id), labels), Number(id));
      for (const [id, area] of Object.entries(mask.areas ?? {})) {
        const name = classNameOf(Number(id), labels);
        classes.name(name, Number(id));
        if (counts) classes.count(name, area);
      }
    }
    for (const { kind, name, shapes: own, labels } of shapeLayersOf(record)) {
      const layer = shapes.get(`${kind}:${name}`) ?? { kind, name, all: [], counted: [], classes: new Classes() };
      shapes.set(`${kind}:${name}`, layer);
      for (const id of Object.keys(labels ?? {})) layer.classes.name(classNameOf(Number(id), labels), Number(id));
      for (const shape of own) {
        layer.all.push(shape);
        if (counts) layer.counted.push(shape);
        const { class_id: id } = shape;
        if (id === null || id === undefined) continue;
        layer.classes.name(classNameOf(id, labels), id);
        if (counts) layer.classes.count(classNameOf(id, labels), 1);
      }
    }
  }
  return {
    // Predictions first.
    maskLayers: [...masks]
      .sort(([a], [b]) => Number(isTruthName(a)) - Number(isTruthName(b)))
      .map(([name, classes]) => ({ name, classes: classes.entries(classes.total || 1) })),
    shapeLayers: [...shapes.values()].map(({ kind, name, all: every, counted, classes }) => ({
      kind, name, shapes: counted, scores: scoreStats(every), classes: classes.entries(1),
    })),
  };
}

/** How many of the layer's shapes pass its thresholds. */
export function passingCount(layer: ShapeLayerEntry, state: OverlayState): number {
  const { scores } = layerOf(state, layer.kind, layer.name);
  return layer.shapes.reduce((count, shape) => count + Number(passesScores(shape, scores)), 0);
}

/** Colours are dealt before anything is drawn: a list and a picture show the same. */
function dealColorsOf(record: ImageRecord): void {
  for (const layer of Object.values(record.masks ?? {})) {
    dealColors(layer.class_labels ?? record.classes, layer.class_colors ?? record.class_colors);
  }
  for (const { labels, colors } of shapeLayersOf(record)) dealColors(labels, colors);
}

interface OverlayIndexNeeds {
  pageImages: ScopePageImages;
  selection: ScopeSelection;
}

export function makeOverlayIndex({ pageImages: { pageImages }, selection: { selectedItem, shownItems } }: OverlayIndexNeeds) {
  /** Every picture of the page: what its panels have at the clock's step, and what is open beside them (a cell of a table). */
  const allImages = computed(() => {
    const open = shownItems.value.flatMap(({ item }) => (isImage(item) ? [item] : []));
    return [...new Set([...pageImages.value.records, ...open])];
  });

  /** What is counted: the selected picture, else those of the page's panels, else whatever is open. */
  const counted = computed((): readonly ImageRecord[] => {
    const chosen = selectedItem.value?.item;
    if (isImage(chosen)) return [chosen];
    return pageImages.value.records.length > 0 ? pageImages.value.records : allImages.value;
  });

  /** Whether the page has pictures at all: without them there is nothing to lay anything over. */
  const hasPictures: ReadonlySignal<boolean> = computed(() => isImage(selectedItem.value?.item) || counted.value.length > 0);

  /** What the numbers of the inspector are of, in words. */
  const overlayScope: ReadonlySignal<string> = computed(() => {
    if (isImage(selectedItem.value?.item)) return "in this picture";
    const count = counted.value.length;
    return `${pageImages.value.isPartial ? "at least " : ""}${count.toLocaleString("en-US")} ${count === 1 ? "picture" : "pictures"}`;
  });

  const overlayIndex: ReadonlySignal<OverlayIndex> = computed(() => {
    for (const record of allImages.value) dealColorsOf(record);
    return indexOverlays(allImages.value, counted.value);
  });

  return { hasPictures, overlayScope, overlayIndex };
}

export type ScopeOverlayIndex = ReturnType<typeof makeOverlayIndex>;
