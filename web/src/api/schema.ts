// Written by `python -m diorama.server.openapi --typescript`; do not edit.
// The shapes come from src/diorama/service/views.py and the media records in src/diorama/media/.

export interface ProjectView {
  entity: string;
  name: string;
  run_count: number;
  running_count: number;
  created_at: number;
  last_activity_at: number;
}

export interface ProjectList {
  projects: ProjectView[];
}

/**
 * A row of the runs list. Times are Unix seconds; runtime_secs counts to the last sign of life.
 *
 * config and summary are nested, as logged; media in the summary is its record.
 */
export interface RunView {
  uid: number;
  entity: string;
  project: string;
  id: string;
  name: string;
  state: "crashed" | "failed" | "finished" | "killed" | "running";
  /** running, but not heard of for over 90 s: shown as "lost contact". */
  is_stale: boolean;
  created_at: number;
  last_activity_at: number;
  runtime_secs: number;
  exit_code: number | null;
  last_step: number | null;
  notes: string;
  tags: string[];
  group: string | null;
  job_type: string | null;
  host: string | null;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  version: number;
}

/** A column that the runs list can show: path "config.lr", "summary.val/loss", "state", ... */
export interface ColumnView {
  path: string;
  type: "boolean" | "number" | "other" | "string";
  run_count: number;
}

export interface RunList {
  runs: RunView[];
  matched: number;
  total: number;
  columns: ColumnView[];
}

export interface WarningView {
  code: string;
  text: string;
  count: number;
  time: number;
}

export interface RunDetail {
  run: RunView;
  /** python, os, host, argv, program, git {commit, branch, remote, is_dirty}, cpu_count, gpus ... */
  environment: Record<string, unknown>;
  warnings: WarningView[];
}

/** What a person may edit; absent fields stay. */
export interface RunPatch {
  name?: string | null;
  notes?: string | null;
  tags?: string[] | null;
}

/** What one run has of a key. */
export interface KeyRun {
  run: number;
  count: number;
  first_step: number;
  last_step: number;
  last_value: number | null;
}

/**
 * A logged key over the asked runs. kind: "metric", "system", "value" (strings, lists) or a
 * media kind ("image", "histogram", ...); a key that changed kind appears once per kind.
 */
export interface KeyView {
  key: string;
  kind: string;
  runs: KeyRun[];
  step_key: string | null;
  is_hidden: boolean;
}

export interface KeyList {
  keys: KeyView[];
}

/**
 * Charts: every (run, key) pair as at most `buckets` buckets over [x_min, x_max].
 *
 * x: "step", "time" (Unix seconds), "relative" (seconds since the run began), or a metric's key.
 */
export interface SeriesRequest {
  runs: number[];
  keys: string[];
  x?: string;
  x_min?: number | null;
  x_max?: number | null;
  buckets?: number;
  is_system?: boolean;
}

/**
 * Describes one series; its columns follow in the binary body (float64, same length each).
 *
 * is_exact: every point is there (columns x, last); else buckets (x_min, x_max, min, max, mean, last, count,
 * finite: how many of count are finite).
 */
export interface SeriesHead {
  run: number;
  key: string;
  total: number;
  is_exact: boolean;
  /** column name -> (byte offset in the body, number of float64s) */
  columns: Record<string, [number, number]>;
}

export interface SeriesReply {
  series: SeriesHead[];
}

/** Where media exists: the steps of each (run, key). axis as SeriesRequest.x: positions on it. */
export interface TrackRequest {
  runs: number[];
  keys: string[];
  axis?: string;
}

/** columns: steps (float64), at (position on the asked axis; NaN where the run has none). */
export interface TrackHead {
  run: number;
  key: string;
  kind: string;
  total: number;
  columns: Record<string, [number, number]>;
}

export interface TrackReply {
  tracks: TrackHead[];
}

export interface MediaWanted {
  run: number;
  key: string;
  step: number;
}

/** Records at exact steps (the client resolved the match rule with the tracks). */
export interface MediaRequest {
  wanted: MediaWanted[];
}

/**
 * state "missing": nothing was logged at that step; "deleted": it was, and was deleted.
 *
 * items: media records (tagged by `kind`) or plain values; is_list False for a single object.
 * attempts: how often this (run, key, step) was logged; the newest is shown.
 */
export interface MediaCell {
  run: number;
  key: string;
  step: number;
  state: "deleted" | "missing" | "ok";
  time: number | null;
  items: unknown[];
  is_list: boolean;
  attempts: number;
}

export interface MediaReply {
  cells: MediaCell[];
}

/** A histogram key over steps: at most `limit` of them, evenly spread, ends included. */
export interface HistogramRequest {
  run: number;
  key: string;
  limit?: number;
  step_min?: number | null;
  step_max?: number | null;
}

/** bins[i] and values[i] belong to steps[i]; `total` steps exist in the range. */
export interface HistogramReply {
  run: number;
  key: string;
  total: number;
  steps: number[];
  times: number[];
  bins: number[][];
  values: number[][];
}

export interface ConsoleLineView {
  number: number;
  time: number;
  stream: "stderr" | "stdout";
  text: string;
}

/** Lines offset..offset+len(lines) of `total` (of `matched` when searched). */
export interface ConsolePage {
  lines: ConsoleLineView[];
  offset: number;
  matched: number;
  total: number;
}

export interface FileView {
  name: string;
  size_bytes: number;
  mime: string;
  sha256: string;
  time: number;
}

export interface FileList {
  files: FileView[];
}

export interface LiveRun {
  uid: number;
  state: "crashed" | "failed" | "finished" | "killed" | "running";
  last_step: number | null;
  /** keys with new data since the last event */
  keys: string[];
}

/** One server-sent event: everything that changed after the event before it. */
export interface LiveEvent {
  version: number;
  runs: LiveRun[];
}

export interface SessionView {
  version: string;
  is_authenticated: boolean;
}

/** Every error answer (application/problem+json). */
export interface Problem {
  code: string;
  message: string;
  hint: string;
}

export interface IngestReply {
  acked_seq: number;
}

export interface BlobsWanted {
  sha256: string[];
}

export interface BlobsMissing {
  sha256: string[];
}

/** Bytes in the blob store: named by their SHA-256, so the same bytes are stored once. */
export interface BlobRef {
  sha256: string;
  size_bytes: number;
  mime: string;
}

/**
 * A class id for every pixel.
 *
 * blob: a grey PNG (8-bit up to id 255, else 16-bit) whose pixel value is the class id.
 * class_labels: class id -> name. areas: class id -> number of pixels, for the ids present.
 */
export interface MaskLayer {
  blob: BlobRef;
  width: number;
  height: number;
  bit_depth?: 16 | 8;
  class_labels?: Record<string, string>;
  areas?: Record<string, number>;
}

/**
 * A box as it was logged.
 *
 * form "corners": position = (min_x, max_x, min_y, max_y).
 * form "middle":  position = (middle_x, middle_y, width, height).
 * domain "fraction": of the image's width and height; "pixel": of its pixels.
 * Numbers are kept as they came, NaN and infinities included. extra: other keys that the box had.
 */
export interface BoxRecord {
  form: "corners" | "middle";
  position: [number, number, number, number];
  domain?: "fraction" | "pixel";
  class_id?: number | null;
  caption?: string | null;
  scores?: Record<string, number>;
  extra?: Record<string, unknown>;
}

/** A named set of boxes. class_labels: class id -> name, for every class id that a box has. */
export interface BoxLayer {
  boxes?: BoxRecord[];
  class_labels?: Record<string, string>;
}

/**
 * A picture. `thumbnail` is None when the picture itself is small enough to be one.
 *
 * width, height: pixels, as a viewer shows them (EXIF orientation applied). format: "png", "jpg", "bmp",
 * "webp", "gif" or "tiff" of `blob`. mode: Pillow's name of the pixel layout (L, RGB, RGBA, P, I;16 ...).
 * normalized: how numbers became pixels: "unit" (x255), "signed" ((x+1)x127.5), "clip", or "none".
 * non_finite, out_of_range: how many numbers were NaN or infinite, and how many were clipped.
 * preview: a full-size PNG when browsers can't draw the format (tiff).
 * masks, boxes: layer name -> layer. classes: id -> name shared by all layers.
 */
export interface ImageRecord {
  kind: "image";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  width: number;
  height: number;
  format?: string;
  mode?: string;
  thumbnail?: BlobRef | null;
  normalized?: string;
  grouping?: number | null;
  masks?: Record<string, MaskLayer>;
  boxes?: Record<string, BoxLayer>;
  classes?: Record<string, string>;
  non_finite?: number;
  out_of_range?: number;
  preview?: BlobRef | null;
}

/**
 * `values[i]` lies between `bins[i]` and `bins[i + 1]`; len(bins) == len(values) + 1.
 *
 * non_finite: how many NaN and infinite numbers were left out.
 */
export interface HistogramRecord {
  kind: "histogram";
  caption?: string | null;
  sample_id?: string | null;
  bins: number[];
  values: number[];
  non_finite?: number;
}

/** Bytes with a name. `name` is only a label, never a path on the server. */
export interface FileRecord {
  kind: "file";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  name: string;
}

/** Every kind of media, told apart by `kind`. */
export type MediaRecord = ImageRecord | HistogramRecord | FileRecord;

/** What the server sends where JSON has no number: see the Python module `service.views`. */
export interface SpecialNumber {
  _number: string;
}
