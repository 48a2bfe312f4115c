/**
 * Which view draws a logged item. `main` fills it once with all kinds (`media/views.ts`); whoever draws items asks here,
 * so that a table, whose cells hold any kind, imports none of them.
 */
import type { MediaRecord } from "@/api/schema";
import type { UnknownRecord } from "@/media/unknown/UnknownCard";
import type { TileShape, View } from "@/media/view";

type RecordOf<K extends MediaRecord["kind"]> = Extract<MediaRecord, { kind: K }>;

/** A view for each kind of the union: without one of them it does not compile. */
export type Views = { readonly [K in MediaRecord["kind"]]: View<RecordOf<K>> };

const views = new Map<string, View>();

/** Once, from main. */
export function registerViews(all: Views): void {
  // The mapped type guarantees that each view belongs to its kind.
  for (const [kind, view] of Object.entries(all)) views.set(kind, view as unknown as View);
}

/** Whether a logged item is a record of some kind, known or not; else it is a plain value. */
export function isRecord(item: unknown): item is UnknownRecord {
  return typeof item === "object" && item !== null && "kind" in item && typeof item.kind === "string";
}

export function isKnown(item: unknown): item is MediaRecord {
  return isRecord(item) && views.has(item.kind);
}

/** A kind as people say it: "joined table". */
export function nameOfKind(kind: string): string {
  return views.get(kind)?.name ?? kind;
}

/** The tile that a kind of key asks for; undefined for pictures and for kinds that are not known. */
export function tileShapeOf(kind: string): TileShape | undefined {
  return views.get(kind)?.tile;
}

/** The view of a record. The one place where a record and its view are brought together by their tag. */
export function viewOfRecord(record: MediaRecord): View {
  const found = views.get(record.kind);
  if (!found) throw new Error(`no view is registered for "${record.kind}"`);
  return found;
}
