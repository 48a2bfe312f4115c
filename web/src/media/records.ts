/** Which view draws a logged item. Adding a kind to the union without a view does not compile. */
import type { MediaRecord } from "@/api/schema";
import { AUDIO_VIEW } from "@/media/audio";
import { BOKEH_VIEW } from "@/media/bokeh";
import { CHART_VIEW } from "@/media/chart";
import { GRAPH_VIEW } from "@/media/graph";
import { HISTOGRAM_VIEW } from "@/media/histogram";
import { HTML_VIEW } from "@/media/html";
import { IMAGE_VIEW } from "@/media/image";
import { JOINED_TABLE_VIEW } from "@/media/joined_table";
import { MOLECULE_VIEW } from "@/media/molecule";
import { OBJECT3D_VIEW } from "@/media/object3d";
import { PARTITIONED_TABLE_VIEW } from "@/media/partitioned_table";
import { PLOTLY_VIEW } from "@/media/plotly";
import { TABLE_VIEW } from "@/media/table";
import { TEXT_VIEW } from "@/media/text";
import { VEGA_VIEW } from "@/media/vega";
import { VIDEO_VIEW } from "@/media/video";
import { FILE_VIEW } from "@/media/file/FileCard";
import type { UnknownRecord } from "@/media/unknown/UnknownCard";
import type { TileShape, View } from "@/media/view";

export type RecordOf<K extends MediaRecord["kind"]> = Extract<MediaRecord, { kind: K }>;

export const VIEWS: { readonly [K in MediaRecord["kind"]]: View<RecordOf<K>> } = {
  image: IMAGE_VIEW,
  histogram: HISTOGRAM_VIEW,
  table: TABLE_VIEW,
  joined_table: JOINED_TABLE_VIEW,
  partitioned_table: PARTITIONED_TABLE_VIEW,
  object3d: OBJECT3D_VIEW,
  molecule: MOLECULE_VIEW,
  video: VIDEO_VIEW,
  audio: AUDIO_VIEW,
  html: HTML_VIEW,
  text: TEXT_VIEW,
  plotly: PLOTLY_VIEW,
  bokeh: BOKEH_VIEW,
  vega: VEGA_VIEW,
  graph: GRAPH_VIEW,
  chart: CHART_VIEW,
  file: FILE_VIEW,
};

/** Whether a logged item is a record of some kind, known or not; else it is a plain value. */
export function isRecord(item: unknown): item is UnknownRecord {
  return typeof item === "object" && item !== null && "kind" in item && typeof item.kind === "string";
}

export function isKnown(item: unknown): item is MediaRecord {
  return isRecord(item) && Object.hasOwn(VIEWS, item.kind);
}

/** A kind as people say it: "joined table". */
export function nameOfKind(kind: string): string {
  return Object.hasOwn(VIEWS, kind) ? VIEWS[kind as MediaRecord["kind"]].name : kind;
}

/** The tile that a kind of key asks for; undefined for pictures and for kinds that are not known. */
export function tileShapeOf(kind: string): TileShape | undefined {
  return Object.hasOwn(VIEWS, kind) ? VIEWS[kind as MediaRecord["kind"]].tile : undefined;
}

/** The view of a record. The one place where a record and its view are brought together by their tag. */
export function viewOfRecord(record: MediaRecord): View {
  return VIEWS[record.kind] as unknown as View; // the mapped type above guarantees that the tags agree
}
