/** What a record says about itself in words. Pure functions. */
import type { Object3DRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { numberOf } from "@/lib/text/numbers";

const FORMS: Readonly<Record<Object3DRecord["form"], string>> = {
  model: "model",
  cloud: "point cloud",
  mesh: "mesh",
  splat: "Gaussian splats",
};

/** "1.2 M", "950", "12.5 k" */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count);
  const [by, unit] = count < 999_500 ? [1e3, "k"] : count < 999_500_000 ? [1e6, "M"] : [1e9, "B"];
  return `${Number((count / by).toPrecision(3))} ${unit}`;
}

export function pointCount(record: Object3DRecord): number | null {
  return record.cloud?.count ?? record.vertex_count ?? null;
}

/** "glb model, 4.2 k triangles" */
export function describe(record: Object3DRecord): string {
  const what = record.format === "array" || record.form === "splat" ? FORMS[record.form] : `${record.format} ${FORMS[record.form]}`;
  const parts = [what];
  if (record.triangle_count) parts.push(`${shortCount(record.triangle_count)} triangles`);
  else if (pointCount(record) !== null) {
    parts.push(`${shortCount(pointCount(record) ?? 0)} ${record.form === "splat" ? "splats" : "points"}`);
  }
  if (record.boxes?.length) parts.push(`${shortCount(record.boxes.length)} ${record.boxes.length === 1 ? "box" : "boxes"}`);
  return parts.join(", ");
}

/** A coordinate with as many digits as make sense beside the others. */
export function coordinate(value: number, radius: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.max(0, Math.min(12, 3 - Math.floor(Math.log10(Math.max(radius, 1e-12)))));
  return value.toFixed(digits).replace(/^-(0(?:\.0+)?)$/, "$1");
}

export function bytesOfRecord(record: Object3DRecord): number {
  const files = Object.values(record.files ?? {}).reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  return (
    (record.blob?.size_bytes ?? 0) +
    (record.cloud && !record.blob ? record.cloud.blob.size_bytes : 0) +
    (record.faces?.size_bytes ?? 0) +
    files
  );
}

export interface Row {
  name: string;
  value: string;
  title?: string;
}

export function factRows(record: Object3DRecord): Row[] {
  const { cloud } = record;
  const whole = (count: number): string => count.toLocaleString("en");
  const rows: Row[] = [{ name: "what", value: FORMS[record.form] }, { name: "format", value: record.format }];
  if (record.name) rows.push({ name: "name", value: record.name });
  if (cloud && record.form !== "mesh") rows.push({ name: "points", value: whole(cloud.count) });
  else if (typeof record.vertex_count === "number") {
    rows.push({ name: record.form === "splat" ? "splats" : "vertices", value: whole(record.vertex_count) });
  }
  if (typeof record.triangle_count === "number") rows.push({ name: "triangles", value: whole(record.triangle_count) });
  for (const [name, count] of Object.entries(record.counts ?? {})) rows.push({ name: name.replaceAll("_", " "), value: whole(count) });
  if (cloud) {
    const columns = cloud.columns.map(({ name, dtype }) => `${name} ${dtype.replace(/^[<|]/, "")}`).join(", ");
    rows.push({
      name: "columns",
      value: columns,
      ...(cloud.shape ? { title: `logged as ${cloud.dtype ?? "numbers"} of shape ${cloud.shape.join(" × ")}` } : {}),
    });
    const [low, high] = [cloud.low, cloud.high].map((corner) => corner.map((value) => numberOf(value) ?? NaN)) as [number[], number[]];
    const size = Math.hypot(...high.map((value, axis) => value - (low[axis] ?? 0)));
    rows.push({
      name: "bounds",
      value: ["x", "y", "z"]
        .map((axis, at) => `${axis} ${coordinate(low[at] ?? NaN, size)} … ${coordinate(high[at] ?? NaN, size)}`)
        .join("\n"),
    });
    if (cloud.non_finite) rows.push({ name: "not finite", value: `${whole(cloud.non_finite)} points have a NaN or infinite coordinate` });
  }
  if (record.boxes?.length) rows.push({ name: "boxes", value: whole(record.boxes.length) });
  if (record.vectors?.length) rows.push({ name: "vectors", value: whole(record.vectors.length) });
  if (record.cameras?.length) rows.push({ name: "cameras", value: whole(record.cameras.length) });
  rows.push({ name: "up", value: `${record.up ?? "y"} · ${record.is_right_handed === false ? "left" : "right"}-handed` });
  const files = Object.keys(record.files ?? {});
  if (files.length > 0) {
    rows.push({
      name: "with it",
      value: files.length > 3 ? `${files.slice(0, 3).join(", ")} and ${files.length - 3} more` : files.join(", "),
      title: files.join("\n"),
    });
  }
  if (record.missing?.length) {
    rows.push({
      name: "missing",
      value: record.missing.join(", "),
      title: "Files that it names and that were not there when it was logged",
    });
  }
  rows.push({ name: "file", value: formatBytes(bytesOfRecord(record)), ...(record.blob ? { title: `sha256 ${record.blob.sha256}` } : {}) });
  if (record.note) rows.push({ name: "note", value: record.note });
  return rows;
}
