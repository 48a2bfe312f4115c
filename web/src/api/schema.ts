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

/**
 * What a process that resumes a run has to know of it.
 *
 * aggregates: what is remembered of metrics whose summary is aggregated: path, and count, sum, least,
 * greatest, first and last value. session: the number of the newest one, in digits. last_step: the greatest
 * of all sessions. stored: up to which entry of each writer this is. ends: when each process that has
 * started or resumed the run ended, by writer; null for one that still runs.
 */
export interface PastRunView {
  name: string;
  notes: string;
  tags: string[];
  group: string | null;
  job_type: string | null;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  aggregates: [string[], unknown[]][];
  session: string;
  last_step: number | null;
  stored: Record<string, number>;
  ends: Record<string, number | null>;
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
 * with_superseded: answer points that a later session of the run has logged again, too, as further series.
 */
export interface SeriesRequest {
  runs: number[];
  keys: string[];
  x?: string;
  x_min?: number | null;
  x_max?: number | null;
  buckets?: number;
  is_system?: boolean;
  with_superseded?: boolean;
}

/**
 * Describes one series; its columns follow in the binary body (float64, same length each).
 *
 * is_exact: every point is there (columns x, last); else buckets (x_min, x_max, min, max, mean, last, count,
 * finite: how many of count are finite).
 * is_superseded: what sessions of the run have logged at steps that a later session logged again (after a
 * resume from a checkpoint). It follows the series of the same run and key, which is without those points.
 */
export interface SeriesHead {
  run: number;
  key: string;
  total: number;
  is_exact: boolean;
  is_superseded: boolean;
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
 * state "missing": nothing was logged at that step.
 *
 * items: media records (tagged by `kind`) or plain values; is_list False for a single object.
 * attempts: how often this (run, key, step) was logged; the newest is shown.
 */
export interface MediaCell {
  run: number;
  key: string;
  step: number;
  state: "missing" | "ok";
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

export interface TableSort {
  column: string;
  is_descending?: boolean;
}

/**
 * A condition on a column. "contains": text, without regard to case. "is_null", "is_not_null": no value.
 * "!=" is also true where there is no value.
 */
export interface TableFilter {
  column: string;
  op: "!=" | "<" | "<=" | "==" | ">" | ">=" | "contains" | "is_not_null" | "is_null";
  value?: string | number | boolean | null;
}

/**
 * A second table, joined where left == right (names of columns). how: which rows without a partner stay,
 * their other half empty; "outer": those of both tables.
 */
export interface TableJoin {
  tables: string[];
  left: string;
  right: string;
  how?: "inner" | "left" | "outer" | "right";
}

/**
 * A page of a table.
 *
 * tables: SHA-256s of Parquet blobs with the same columns, read one after another. Instead: run, key and
 * step (none: the last), for an INCREMENTAL table: all its parts up to that step. index: of the item, where
 * a list was logged.
 * search: rows in which any text or number contains this. Filters must all hold. columns: only these.
 */
export interface TableRequest {
  tables?: string[];
  run?: number | null;
  key?: string | null;
  step?: number | null;
  index?: number;
  join?: TableJoin | null;
  columns?: string[] | null;
  search?: string;
  filters?: TableFilter[];
  sort?: TableSort[];
  offset?: number;
  limit?: number;
}

/**
 * A column of a table.
 *
 * type: "none", "boolean", "integer", "number", "string", "bytes", "timestamp" (UTC), "date", "list",
 * "dict", "array" (numbers, of the same shape in every row), "any" (JSON), or a media kind ("image" ...):
 * its cells are records. is_nullable: whether cells may be None. shape: of an array. is_key: the primary
 * key. dtype: of numbers and arrays, as numpy names it; "text" where numbers are kept as their digits,
 * because no dtype holds them all, "decimal" of decimal numbers; of timestamps "datetime64[us]" or
 * "datetime64[ns]", with ", UTC" if they were logged with a time zone. references: the column of another
 * table that these values are keys of; "index" for row numbers.
 */
export interface TableColumn {
  name: string;
  type: string;
  is_nullable?: boolean;
  shape?: number[] | null;
  dtype?: string | null;
  is_key?: boolean;
  references?: string | null;
}

/**
 * Rows offset..offset+len(rows) of the `matched` ones of `total`.
 *
 * rows: a list of cells per row, as JSON; media cells are records (tagged by `kind`). numbers: which row of
 * the whole table each is, from 0; of a join, which of the rows that match.
 *
 * Other forms of cells: {"_number": "NaN"}; {"_bytes": base64 of the first bytes, "size_bytes"}; long
 * texts (lists and dicts too, as JSON) as {"_text": their beginning, "char_count"}; arrays over 64 numbers
 * as {"_array": the first ones, flat, "shape", "dtype"}. Times are UTC: "2024-01-31T12:00:00.123456Z"; dates
 * "2024-01-31".
 *
 * A join has the columns of both tables; a name that both have is "name (2)" in the second one.
 */
export interface TablePage {
  columns: TableColumn[];
  total: number;
  matched: number;
  offset: number;
  rows: unknown[][];
  numbers: number[];
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
  /** uids of runs that are not there any more */
  deleted?: number[];
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

/** A kind of media that a plugin adds. view: the SHA-256 of the module that draws it. */
export interface PluginKindView {
  name: string;
  title: string;
  view: string;
}

/** An installed plugin. trouble: why it can't be used, as a sentence; empty if all is well. */
export interface PluginView {
  name: string;
  package: string;
  version: string;
  trouble: string;
  kinds: PluginKindView[];
}

export interface PluginList {
  plugins: PluginView[];
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
 * blob: a grey PNG (8-bit up to id 255, 16-bit up to 65,535) whose pixel value is the class id; beyond that
 * (bit_depth 32) an 8-bit RGB or RGBA PNG whose bytes are the id, the least first: R + 256 G + 65,536 B ...
 * class_labels: class id -> name. areas: class id -> number of pixels, for the ids present. Of a layer with
 * more than 4,096 ids only the largest are listed here, and only labels that were given; id_count is how
 * many ids there are. class_colors: class id -> "#rrggbb", for classes that were given a colour; here and in
 * the layers below. width, height: of the mask, which may differ from its image's.
 * note: why the mask's file could not be decoded; `blob` is then that file.
 */
export interface MaskLayer {
  blob: BlobRef;
  width: number;
  height: number;
  bit_depth?: 16 | 32 | 8;
  class_labels?: Record<string, string>;
  areas?: Record<string, number>;
  id_count?: number;
  note?: string;
  class_colors?: Record<string, string>;
}

/**
 * A box as it was logged.
 *
 * form "corners": position = (min_x, max_x, min_y, max_y).
 * form "middle":  position = (middle_x, middle_y, width, height).
 * angle: degrees by which the box is turned around its middle, clockwise as one looks at the picture.
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
  angle?: number;
}

/** A named set of boxes. class_labels: class id -> name, for every class id that a box has. */
export interface BoxLayer {
  boxes?: BoxRecord[];
  class_labels?: Record<string, string>;
  class_colors?: Record<string, string>;
}

/**
 * The values of an image as they were logged.
 *
 * form "npy": in `blob`, a .npy file, perhaps packed with gzip (it then begins with 1f 8b).
 * form "picture": they are the picture's own numbers, as `dtype`. form "unit": those divided by 255.
 * dtype: numpy's name ("<f4"). shape: (H, W) or (H, W, C).
 * low, high: least and greatest finite value; low_percentile, high_percentile: the 1st and the 99th; None
 * where no value is finite.
 */
export interface OriginalValues {
  form: "npy" | "picture" | "unit";
  dtype: string;
  shape: number[];
  blob?: BlobRef | null;
  low?: number | null;
  high?: number | null;
  low_percentile?: number | null;
  high_percentile?: number | null;
}

/**
 * An area between rings.
 *
 * rings: each a flat list x, y, x, y ... without its first point again at the end. What lies inside an odd
 * number of rings belongs to the area, so a ring inside another is a hole.
 * domain, class_id, caption, scores, extra: as in `BoxRecord`.
 */
export interface PolygonRecord {
  rings: number[][];
  domain?: "fraction" | "pixel";
  class_id?: number | null;
  caption?: string | null;
  scores?: Record<string, number>;
  extra?: Record<string, unknown>;
}

/** A named set of polygons. class_labels: class id -> name, for every class id that a polygon has. */
export interface PolygonLayer {
  polygons?: PolygonRecord[];
  class_labels?: Record<string, string>;
  class_colors?: Record<string, string>;
}

/**
 * The points of one thing (a person, a hand).
 *
 * points: a flat list x, y, x, y ...
 * visibility: for each point 0 (not there), 1 (hidden behind something) or 2 (seen); empty: all are seen.
 * point_scores: a number for each point, or empty.
 * domain, class_id, caption, scores, extra: as in `BoxRecord`.
 */
export interface KeypointRecord {
  points: number[];
  visibility?: number[];
  point_scores?: number[];
  domain?: "fraction" | "pixel";
  class_id?: number | null;
  caption?: string | null;
  scores?: Record<string, number>;
  extra?: Record<string, unknown>;
}

/**
 * A named set of things with points. names: of the points, by index. skeleton: pairs of indices that are
 * joined by a line. class_labels: class id -> name.
 */
export interface KeypointLayer {
  keypoints?: KeypointRecord[];
  names?: string[];
  skeleton?: [number, number][];
  class_labels?: Record<string, string>;
  class_colors?: Record<string, string>;
}

/**
 * A picture. `thumbnail` is None when the picture itself is small enough to be one.
 *
 * width, height: pixels, as a viewer shows them (EXIF orientation applied). format: "png", "jpg", "bmp",
 * "webp", "gif", "tiff" or "npy" of `blob`. mode: Pillow's name of the pixel layout (L, RGB, RGBA, P, I;16
 * ...).
 * normalized: how numbers became pixels: "unit" (x255), "signed" ((x+1)x127.5), "deep" (x/257), "minmax",
 * "percentile" or "none"; "clip" (to 0..255) in records of version 0.1.
 * shown_range: the numbers that are shown black and white, where they were found out or asked for.
 * non_finite, out_of_range: how many numbers were NaN or infinite, and how many were clipped.
 * preview: a full-size PNG of 8 bits, where browsers can't draw the file (tiff, npy) or would show 16-bit
 * numbers too dark.
 * original: the values as they were logged, when they say more than 8 bits do.
 * masks, boxes, polygons, keypoints: layer name -> layer. classes: id -> name shared by all layers.
 * class_colors: id -> "#rrggbb" of those that were given a colour.
 * note: why the file could not be decoded; it is kept all the same.
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
  original?: OriginalValues | null;
  shown_range?: [number, number] | null;
  polygons?: Record<string, PolygonLayer>;
  keypoints?: Record<string, KeypointLayer>;
  note?: string;
  class_colors?: Record<string, string>;
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

/**
 * Rows as Parquet. Media cells are the JSON of their records in a string column.
 *
 * media: a manifest blob (MANIFEST_MIME) that names every blob that cells name; None without any.
 * log_mode: of the logging. first_row: the number of this part's first row in the whole table, and
 * increment: which part it is (0, 1, ...), both of an INCREMENTAL table, whose parts of all steps up to one
 * make the table of that step; a part 0 after others is of another process, and goes on below them.
 * warnings: (code, text, how many) of what cells could not keep as it was given.
 */
export interface TableRecord {
  kind: "table";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  columns: TableColumn[];
  row_count: number;
  log_mode?: "IMMUTABLE" | "INCREMENTAL" | "MUTABLE";
  first_row?: number;
  increment?: number | null;
  media?: BlobRef | null;
  warnings?: [string, string, number][];
}

/** Two tables whose rows belong together where left[join_key[0]] equals right[join_key[1]]. */
export interface JoinedTableRecord {
  kind: "joined_table";
  caption?: string | null;
  sample_id?: string | null;
  left: TableRecord;
  right: TableRecord;
  join_key: [string, string];
}

/** Tables with the same columns, one after another. names: of the parts, such as their file names. */
export interface PartitionedTableRecord {
  kind: "partitioned_table";
  caption?: string | null;
  sample_id?: string | null;
  parts: TableRecord[];
  names?: string[];
}

/**
 * A column of a point cloud. name: "position" (3 components), "color" (3), "category" (1) or "value"
 * (1; intensity and such). dtype: "<f4", "<f8", "|u1", "<u2", "<i4" ... little-endian numpy names.
 *
 * scale: what a colour is multiplied with to be 0..255 (255 for colours logged as 0..1).
 * low, high: the least and the greatest finite number of a one-component column; None if there is none.
 * out_of_range: how many numbers of a colour are drawn clipped.
 */
export interface CloudColumn {
  name: string;
  dtype: string;
  components: number;
  scale?: number;
  low?: number | null;
  high?: number | null;
  out_of_range?: number;
}

/**
 * Points as binary columns in a progressive order: the first k points, for any k, are a fair sample.
 *
 * blob: pages of `page_points` points each, the last one shorter. With point_bytes = the sum over `columns`
 * of components x bytes of the dtype, page p starts at byte p x page_points x point_bytes and holds
 * m = min(page_points, count - p x page_points) points. In a page the columns follow one another in the
 * order of `columns`, each as m x components little-endian numbers, row-major, without padding. Columns with
 * wider numbers come first, so that each column starts at a multiple of its number's size. The first pages,
 * fetched by an HTTP range, are a fair sample of the whole cloud.
 *
 * order: how the points were shuffled. "logged": not at all. "scatter": the i-th stored point is the i-th
 * logged index in scatter(0), scatter(1), ... when numbers >= count are passed over, where scatter is the
 * bijection of b-bit numbers (2**b the least power of two >= count, at least 2) in media/object3d/order.py.
 *
 * shape, dtype: of the array as it was logged (its columns side by side), else None. low, high: the box
 * around the points whose coordinates are all finite (zeros if there are none). non_finite: how many points
 * have a NaN or infinite coordinate. class_labels: names of categories. class_counts: category -> points,
 * when there are at most 1,000 categories. class_colors: category -> "#rrggbb", where one was given.
 */
export interface PointCloud {
  blob: BlobRef;
  count: number;
  page_points: number;
  columns: CloudColumn[];
  order: string;
  low: [number, number, number];
  high: [number, number, number];
  shape?: number[] | null;
  dtype?: string | null;
  non_finite?: number;
  class_labels?: Record<string, string>;
  class_counts?: Record<string, number>;
  class_colors?: Record<string, string>;
}

/**
 * A box by its 8 corners, in the order in which they were logged (NaN included). color: RGB 0..255.
 *
 * order: which corners are (-,-,-), (-,-,+), (-,+,-), (-,+,+), (+,-,-), (+,-,+), (+,+,-), (+,+,+) along the
 * box's own three edges, that is itertools.product((-1, 1), repeat=3); None: they are in this order already.
 * Two corners are joined by an edge when their places in this order differ in one bit. extra: other keys
 * that the box had.
 */
export interface Box3D {
  corners: [number, number, number][];
  label?: string | null;
  score?: number | null;
  color?: [number, number, number] | null;
  order?: number[] | null;
  extra?: Record<string, unknown>;
}

/** An arrow. color: RGB 0..255. */
export interface Vector3D {
  start: [number, number, number];
  end: [number, number, number];
  color?: [number, number, number] | null;
  label?: string | null;
}

/** Where to look from. fov_degrees: vertical field of view. */
export interface Camera3D {
  position: [number, number, number];
  target?: [number, number, number];
  up?: [number, number, number] | null;
  fov_degrees?: number | null;
  label?: string | null;
}

/**
 * A model file, a point cloud with or without boxes, vectors and cameras, or a Gaussian splat.
 *
 * form: what a viewer draws. "model": blob is a file of `format` (obj, gltf, glb, babylon, stl) and files
 * are its companions by the relative name that the file calls them (gltf's .bin and textures, obj's .mtl and
 * textures); missing: companions that it names and that were not there. "cloud": `cloud` holds the points,
 * if they could be read. "mesh": `cloud` holds the vertices and `faces` the triangles (uint32,
 * little-endian, n x 3, indices into the vertices in logged order); the cloud's order is "logged" then.
 * "splat": blob is a .splat, or a .ply of Gaussian splats.
 *
 * blob: the file as it was given, byte for byte; None for arrays. format: its type, or "array". name: of the
 * file. up: the axis that points up, as the format defines it or the user says. is_right_handed: the
 * coordinate system of the numbers. vertex_count: vertices, points or splats. counts: more of what is in
 * the file (meshes, materials, textures, animations, solids ...). point_cloud_type: W&B's name of the scene.
 * note: what is wrong with it.
 */
export interface Object3DRecord {
  kind: "object3d";
  caption?: string | null;
  sample_id?: string | null;
  form: "cloud" | "mesh" | "model" | "splat";
  format: string;
  blob?: BlobRef | null;
  name?: string | null;
  files?: Record<string, BlobRef>;
  missing?: string[];
  cloud?: PointCloud | null;
  faces?: BlobRef | null;
  boxes?: Box3D[];
  vectors?: Vector3D[];
  cameras?: Camera3D[];
  up?: "-x" | "-y" | "-z" | "x" | "y" | "z";
  is_right_handed?: boolean;
  vertex_count?: number | null;
  triangle_count?: number | null;
  counts?: Record<string, number>;
  point_cloud_type?: string | null;
  note?: string | null;
}

/**
 * A molecule file as it was given, or the PDB that was made of a SMILES, Mol or mol file.
 *
 * format: pdb, pqr, mmcif, mcif, cif, sdf, sd, gro, mol2 or mmtf; smi when there is only the SMILES. source:
 * the file that a PDB was made of (mol, sdf), kept too. smiles: what was given, or what rdkit writes.
 * molecule_count: molecules or models in the file. atom_count, bond_count, formula: of the first of them.
 * note: what could not be read of it, or made of it.
 */
export interface MoleculeRecord {
  kind: "molecule";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  format: string;
  name?: string | null;
  source?: BlobRef | null;
  smiles?: string | null;
  formula?: string | null;
  title?: string | null;
  atom_count?: number | null;
  bond_count?: number | null;
  molecule_count?: number | null;
  note?: string | null;
}

/**
 * A video file: the user's, byte for byte, or one made of frames.
 *
 * format: gif, mp4, webm, ogg ... duration_secs, fps, frame_count, width and height (pixels, as shown): None
 * where nobody could find out. codec: of the pictures. has_audio: a sound track. poster: a WebP of a frame.
 * preview: an mp4 for browsers, where they can't play `blob`. note: what could not be read of it.
 * grid: rows and columns of a batch shown side by side. normalized: how logged numbers became pixels
 * (see media/core/scale.py), None for a file; shown_range: the numbers that became black and white, where
 * they were found out; non_finite, out_of_range: numbers that could not be kept.
 * An encoded frame may have one row or column more than height and width say.
 */
export interface VideoRecord {
  kind: "video";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  format: string;
  name?: string | null;
  width?: number | null;
  height?: number | null;
  fps?: number | null;
  frame_count?: number | null;
  duration_secs?: number | null;
  codec?: string | null;
  has_audio?: boolean;
  poster?: BlobRef | null;
  preview?: BlobRef | null;
  note?: string | null;
  grid?: [number, number] | null;
  normalized?: string | null;
  non_finite?: number;
  out_of_range?: number;
  shown_range?: [number, number] | null;
}

/**
 * A sound file: the user's, byte for byte, or a WAV made of samples.
 *
 * frame_count: samples of one channel. encoding: libsndfile's name of the sample format (PCM_16, FLOAT,
 * VORBIS ...). peaks: the outline for drawing: int8 pairs (lowest, highest) of equal stretches, channel
 * after channel, `peak_count` pairs each. preview: a file for browsers, where they can't play `blob`.
 * note: what could not be read of it. dtype, axes: of the logged samples (axes "t", "tc" or "ct": time,
 * channels); None for a file. non_finite, out_of_range: samples that are no number, or outside -1..1.
 */
export interface AudioRecord {
  kind: "audio";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  format: string;
  name?: string | null;
  sample_rate?: number | null;
  channels?: number | null;
  frame_count?: number | null;
  duration_secs?: number | null;
  encoding?: string | null;
  peaks?: BlobRef | null;
  peak_count?: number;
  preview?: BlobRef | null;
  note?: string | null;
  non_finite?: number;
  out_of_range?: number;
  dtype?: string | null;
  axes?: "ct" | "t" | "tc" | null;
}

/**
 * HTML as UTF-8. is_styled: whether the viewer puts its plain style under it (`inject`); the blob is what
 * was given, byte for byte. outside: hosts that the page asks for; a viewer loads none of them by itself.
 * beside: files that it expects in its folder, which are not there. excerpt: the beginning of what it says.
 */
export interface HtmlRecord {
  kind: "html";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  is_styled?: boolean;
  name?: string | null;
  title?: string | null;
  outside?: string[];
  beside?: string[];
  excerpt?: string | null;
  note?: string | null;
}

/**
 * Text. Short text lies in `text`; for longer text `blob` holds all of it (UTF-8), `text` its beginning.
 *
 * char_count: Unicode code points of the whole. language: of code, which gets line numbers. name: of the
 * file. source: the file itself when it was not UTF-8. undecoded: how many of its bytes are no text; each
 * stands there as a backslash, an x and two digits.
 */
export interface TextRecord {
  kind: "text";
  caption?: string | null;
  sample_id?: string | null;
  text: string;
  format?: "markdown" | "plain";
  blob?: BlobRef | null;
  char_count?: number;
  line_count?: number;
  language?: string | null;
  name?: string | null;
  source?: BlobRef | null;
  undecoded?: number;
}

/** A figure as Plotly's JSON ({"data": [...], "layout": {...}, "frames": [...]}). traces: their types. */
export interface PlotlyRecord {
  kind: "plotly";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  title?: string | null;
  traces?: string[];
}

/** A Bokeh document as the JSON that BokehJS embeds. version: of the Bokeh that wrote it. */
export interface BokehRecord {
  kind: "bokeh";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  title?: string | null;
  version?: string | null;
}

/**
 * A Vega or Vega-Lite specification with its data inside, as JSON.
 *
 * outside: addresses that the specification loads data or pictures from; the viewer loads none of them.
 */
export interface VegaRecord {
  kind: "vega";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  mode?: "vega" | "vega-lite";
  title?: string | null;
  outside?: string[];
}

/** blob: JSON {"format", "nodes": [{"id", "name", "class_name", ...}], "edges": [[id, id], ...]}. */
export interface GraphRecord {
  kind: "graph";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  format?: string;
  node_count?: number;
  edge_count?: number;
}

/**
 * A table and how to draw it.
 *
 * preset: "wandb/line/v0" ... or a user's own. fields: the preset's field -> the table's column.
 * strings: its texts (title, axis titles). spec: a Vega(-Lite) specification with ${field:...} and
 * ${string:...} in it, for a preset of the user's own. is_table_split: log the table as a panel of its own,
 * too. areas: under a curve of each class, computed from all points: AUC, or average precision.
 */
export interface ChartRecord {
  kind: "chart";
  caption?: string | null;
  sample_id?: string | null;
  preset: string;
  table: TableRecord;
  fields?: Record<string, string>;
  strings?: Record<string, string>;
  spec?: BlobRef | null;
  is_table_split?: boolean;
  areas?: Record<string, number>;
}

/** Bytes with a name. `name` is only a label, never a path on the server. */
export interface FileRecord {
  kind: "file";
  caption?: string | null;
  sample_id?: string | null;
  blob: BlobRef;
  name: string;
}

/**
 * Media of a kind that a plugin has added: one record for all plugins, so that the union stays closed.
 *
 * plugin: "<plugin>:<kind>". package, version: what was installed where it was encoded; None if nothing was.
 * body: a JSON object of at most 64 KiB, which only the plugin understands. blobs: bytes by name; the one
 * named "thumbnail", a small picture, is shown in table cells, and where the plugin is not installed.
 */
export interface PluginRecord {
  kind: "plugin";
  caption?: string | null;
  sample_id?: string | null;
  plugin: string;
  package?: string | null;
  version?: string | null;
  body?: Record<string, unknown>;
  blobs?: Record<string, BlobRef>;
}

/** Every kind of media, told apart by `kind`. */
export type MediaRecord = ImageRecord | HistogramRecord | TableRecord | JoinedTableRecord | PartitionedTableRecord | Object3DRecord | MoleculeRecord | VideoRecord | AudioRecord | HtmlRecord | TextRecord | PlotlyRecord | BokehRecord | VegaRecord | GraphRecord | ChartRecord | FileRecord | PluginRecord;

/** What the server sends where JSON has no number: see the Python module `service.views`. */
export interface SpecialNumber {
  _number: string;
}
