/** Which layers, classes and scores the pictures on the page have: what the inspector lists. Pure but for the last lines. */
import { type ReadonlySignal, computed } from "@preact/signals";
import type { ImageRecord } from "@/api/schema";
import { type ScoreStats, passesScores, scoreStats } from "@/media/image/boxes";
import { classNameOf } from "@/media/image/palette";
import { type ShapeRecord, shapeLayersOf } from "@/media/image/shapes";
import { dealColors } from "@/state/overlays";
import { type ShownItem, selectedItem, shownItems } from "@/state/mediaView";
import { type OverlayState, type ShapeKind, isTruthName, layerOf } from "@/state/overlayState";

export interface ClassEntry {
  name: string;
  id: number | null;
  /** Share of the mask's pixels, by layer, 0 to 1. */
  shares: ReadonlyMap<string, number>;
  /** Boxes, polygons and things with keypoints. */
  shapeCount: number;
}

export interface ShapeLayerEntry {
  kind: ShapeKind;
  name: string;
  shapes: ShapeRecord[];
  scores: ScoreStats[];
}

export interface OverlayIndex {
  maskLayers: string[];
  shapeLayers: ShapeLayerEntry[];
  classes: ClassEntry[];
}

export function isImage(item: unknown): item is ImageRecord {
  return typeof item === "object" && item !== null && "kind" in item && item.kind === "image";
}

/** Layers and classes come from all records; shares and counts from `measured` (the selected tile, else all). */
export function indexOverlays(all: readonly ImageRecord[], measured: readonly ImageRecord[]): OverlayIndex {
  const maskLayers = new Set<string>();
  const shapes = new Map<string, Omit<ShapeLayerEntry, "scores">>();
  const ids = new Map<string, number | null>();
  const inMask = new Set<string>();
  const add = (name: string, id: number | null): void => {
    if (!ids.has(name)) ids.set(name, id);
  };
  for (const record of all) {
    for (const [layer, mask] of Object.entries(record.masks ?? {})) {
      maskLayers.add(layer);
      const labels = mask.class_labels ?? record.classes;
      for (const id of [...Object.keys(labels ?? {}), ...Object.keys(mask.areas ?? {})]) {
        const name = classNameOf(Number(id), labels);
        inMask.add(name);
        add(name, Number(id));
      }
    }
    for (const { kind, name: layer, shapes: own, labels } of shapeLayersOf(record)) {
      const entry = shapes.get(`${kind}:${layer}`) ?? { kind, name: layer, shapes: [] };
      for (const shape of own) entry.shapes.push(shape);
      shapes.set(`${kind}:${layer}`, entry);
      for (const id of Object.keys(labels ?? {})) add(classNameOf(Number(id), labels), Number(id));
      for (const { class_id: id } of own) if (id !== null && id !== undefined) add(classNameOf(id, labels), id);
    }
  }
  const { areas, counts } = measure(measured);
  const classes = [...ids].map(([name, id]): ClassEntry => {
    const shares = new Map<string, number>();
    for (const [layer, { total, byName }] of areas) shares.set(layer, total > 0 ? (byName.get(name) ?? 0) / total : 0);
    return { name, id, shares, shapeCount: counts.get(name) ?? 0 };
  });
  // Classes of masks first: ids of masks and of boxes are often two different lists.
  classes.sort((a, b) => Number(inMask.has(b.name)) - Number(inMask.has(a.name)) || (a.id ?? Infinity) - (b.id ?? Infinity) || a.name.localeCompare(b.name));
  return {
    // Predictions first: theirs are the numbers in the class list.
    maskLayers: [...maskLayers].sort((a, b) => Number(isTruthName(a)) - Number(isTruthName(b))),
    shapeLayers: [...shapes.values()].map((entry) => ({ ...entry, scores: scoreStats(entry.shapes) })),
    classes,
  };
}

function measure(records: readonly ImageRecord[]): { areas: Map<string, { total: number; byName: Map<string, number> }>; counts: Map<string, number> } {
  const areas = new Map<string, { total: number; byName: Map<string, number> }>();
  const counts = new Map<string, number>();
  for (const record of records) {
    for (const [layer, mask] of Object.entries(record.masks ?? {})) {
      const sum = areas.get(layer) ?? { total: 0, byName: new Map<string, number>() };
      areas.set(layer, sum);
      for (const [id, area] of Object.entries(mask.areas ?? {})) {
        const name = classNameOf(Number(id), mask.class_labels ?? record.classes);
        sum.byName.set(name, (sum.byName.get(name) ?? 0) + area);
        sum.total += area;
      }
    }
    for (const { shapes, labels } of shapeLayersOf(record)) {
      for (const { class_id: id } of shapes) {
        if (id === null || id === undefined) continue;
        const name = classNameOf(id, labels);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
  }
  return { areas, counts };
}

/** How many of the layer's shapes pass its thresholds. */
export function passingCount(layer: ShapeLayerEntry, state: OverlayState): number {
  const { scores } = layerOf(state, layer.kind, layer.name);
  return layer.shapes.reduce((count, shape) => count + Number(passesScores(shape, scores)), 0);
}

/** Colours are dealt before anything is drawn: a list and a picture show the same. */
function dealColorsOf(record: ImageRecord): void {
  for (const layer of Object.values(record.masks ?? {})) dealColors(layer.class_labels ?? record.classes, layer.class_colors ?? record.class_colors);
  for (const { labels, colors } of shapeLayersOf(record)) dealColors(labels, colors);
}

export const overlayIndex: ReadonlySignal<OverlayIndex> = computed(() => {
  const records = (items: readonly ShownItem[]): ImageRecord[] => items.flatMap(({ item }) => (isImage(item) ? [item] : []));
  const all = records(shownItems.value);
  for (const record of all) dealColorsOf(record);
  const chosen = selectedItem.value;
  return indexOverlays(all, chosen && isImage(chosen.item) ? [chosen.item] : all);
});
