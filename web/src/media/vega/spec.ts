/** A user's specification made fit for its place. Pure functions. */

export type Json = Record<string, unknown>;
export type VegaMode = "vega" | "vega-lite";

const LITE_MANY = ["facet", "hconcat", "vconcat", "concat", "repeat"];

/** Which of the two languages a specification is in. */
export function modeOf(spec: Json): VegaMode {
  const schema = typeof spec["$schema"] === "string" ? spec["$schema"] : "";
  if (schema.includes("vega-lite")) return "vega-lite";
  return schema.includes("/vega/") || "marks" in spec ? "vega" : "vega-lite";
}

/** The specification in the text, as large as the box unless it has a size of its own. */
export function readSpec(
  text: string,
  given: string,
  box: { width: number; height: number },
): { spec: Json; mode: VegaMode; notes: string[] } {
  const spec: unknown = JSON.parse(text);
  if (!isJson(spec)) throw new Error("This is no Vega specification.");
  const mode = given === "vega" || given === "vega-lite" ? given : modeOf(spec);
  const notes = hasUrl(spec) ? ["Some of its data lies at an address, which is never loaded."] : [];
  return { spec: mode === "vega" ? fitVega(spec, box) : fitLite(spec, box), mode, notes };
}

function fitLite(spec: Json, box: { width: number; height: number }): Json {
  const fitted: Json = { ...spec };
  delete fitted["usermeta"];
  const isMany =
    LITE_MANY.some((part) => part in spec) ||
    ["row", "column", "facet"].some((channel) => isJson(spec["encoding"]) && channel in spec["encoding"]);
  if (isMany) return fitted;
  const width = typeof spec["width"] === "number" || isJson(spec["width"]) ? undefined : box.width;
  const height = typeof spec["height"] === "number" || isJson(spec["height"]) ? undefined : box.height;
  if (width !== undefined) fitted["width"] = width;
  if (height !== undefined) fitted["height"] = height;
  fitted["autosize"] ??= {
    type: width === undefined ? (height === undefined ? "pad" : "fit-y") : height === undefined ? "fit-x" : "fit",
    contains: "padding",
  };
  return fitted;
}

function fitVega(spec: Json, box: { width: number; height: number }): Json {
  const hasSize =
    "width" in spec ||
    "height" in spec ||
    (Array.isArray(spec["signals"]) &&
      spec["signals"].some((signal) => isJson(signal) && (signal["name"] === "width" || signal["name"] === "height")));
  return hasSize ? spec : { ...spec, width: box.width, height: box.height, autosize: { type: "fit", contains: "padding" } };
}

/**
 * A specification with a table's columns and texts in the place of ${field:x} and ${string:title}, and its rows as
 * the data sets "table" and "wandb". A string that is a field and nothing else is a field's name, in which
 * Vega would take dots and brackets for paths.
 */
export function fillSpec(
  spec: Json,
  fields: Readonly<Record<string, string>>,
  strings: Readonly<Record<string, string>>,
  rows: readonly Json[],
  mode: VegaMode,
): Json {
  const fill = (value: unknown): unknown => {
    if (typeof value === "string") return fillText(value, fields, strings);
    if (Array.isArray(value)) return value.map(fill);
    if (isJson(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
    return value;
  };
  const filled = fill(spec) as Json;
  if (mode === "vega-lite") {
    const given = isJson(filled["datasets"]) ? filled["datasets"] : {};
    return { ...filled, data: filled["data"] ?? { name: "table" }, datasets: { ...given, table: rows, wandb: rows } };
  }
  const data = Array.isArray(filled["data"]) ? filled["data"].filter(isJson) : [];
  const isOurs = (name: unknown): boolean => name === "table" || name === "wandb";
  const named = data.map((one) =>
    isOurs(one["name"]) && !("values" in one) && !("source" in one) ? { ...one, url: undefined, values: rows } : one,
  );
  return { ...filled, data: named.some((one) => isOurs(one["name"])) ? named : [{ name: "table", values: rows }, ...named] };
}

function fillText(text: string, fields: Readonly<Record<string, string>>, strings: Readonly<Record<string, string>>): string {
  const only = /^\$\{field:([^}]*)\}$/.exec(text)?.[1];
  if (only !== undefined) return escapeField(fields[only] ?? only);
  return text
    .replace(/\$\{field:([^}]*)\}/g, (_, name: string) => fields[name] ?? name)
    .replace(/\$\{string:([^}]*)\}/g, (_, name: string) => strings[name.split(":")[0] ?? name] ?? name.split(":")[1] ?? "");
}

/** A column's name as Vega reads it: dots and brackets are part of it. */
export function escapeField(name: string): string {
  return name.replace(/[\\.[\]]/g, "\\$&");
}

export function hasUrl(value: unknown, depth = 0): boolean {
  if (depth > 50 || typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.length < 10_000 && value.some((inner) => hasUrl(inner, depth + 1));
  return Object.entries(value).some(
    ([name, inner]) =>
      (name === "url" && typeof inner === "string" && !inner.startsWith("data:")) ||
      (name !== "values" && name !== "datasets" && hasUrl(inner, depth + 1)),
  );
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
