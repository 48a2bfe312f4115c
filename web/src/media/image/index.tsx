/** The image kind for the rest of the UI. */
import type { ImageRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { numberOf } from "@/lib/text/numbers";
import { ImageCard } from "@/media/image/ImageCard";
import { prepareImage } from "@/media/image/pictures";
import { NORMALIZED, rangeText, shortNumber } from "@/media/numbers";
import type { Fact, View } from "@/media/view";

export const IMAGE_VIEW: View<ImageRecord> = {
  name: "image",
  Card: ImageCard,
  aspect: (record) => record.width / record.height,
  facts: imageFacts,
  prepare: prepareImage,
  file: (record) => ({ sha256: record.blob.sha256, name: `image.${record.format ?? "png"}` }),
};

function imageFacts(record: ImageRecord): Fact[] {
  const facts: Fact[] = [
    ...(record.note ? [{ name: "note", value: record.note, title: record.note }] : []),
    { name: "size", value: `${record.width} × ${record.height} px` },
    { name: "format", value: `${record.format ?? "png"} · ${record.mode ?? "RGB"}` },
    {
      name: "numbers",
      value: NORMALIZED[record.normalized ?? "none"] ?? record.normalized ?? "",
      title: "How the logged numbers became pixels",
    },
    ...originalFacts(record),
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ];
  if (record.non_finite) facts.push({ name: "not finite", value: `${record.non_finite.toLocaleString("en")} values were NaN or infinite` });
  if (record.out_of_range) {
    facts.push({ name: "clipped", value: `${record.out_of_range.toLocaleString("en")} values lay outside what is shown` });
  }
  for (const [layer, mask] of Object.entries(record.masks ?? {})) {
    if (mask.note) facts.push({ name: `mask ${layer}`, value: mask.note, title: mask.note });
    else if (mask.id_count) {
      const [ids, listed] = [mask.id_count, Object.keys(mask.areas ?? {}).length].map((count) => count.toLocaleString("en"));
      facts.push({ name: `mask ${layer}`, value: `${ids} ids; the largest ${listed} are listed` });
    }
  }
  if (record.grouping !== undefined && record.grouping !== null) facts.push({ name: "grouping", value: String(record.grouping) });
  return facts;
}

/** The values behind the picture, where it shows less than was logged. */
function originalFacts({ original, shown_range: shown }: ImageRecord): Fact[] {
  const shownText = rangeText(shown);
  const shownFacts =
    shownText === undefined ? [] : [{ name: "shown", value: shownText, title: "Values that are shown black and white in the picture" }];
  if (!original) return shownFacts;
  const facts: Fact[] = [
    {
      name: "values",
      value: `${typeName(original.dtype)}${original.blob ? ` · ${formatBytes(original.blob.size_bytes)}` : ""}`,
      title: "The values as they were logged are kept, and shown under the pointer",
    },
  ];
  const [low, high] = [numberOf(original.low), numberOf(original.high)];
  if (low !== undefined && high !== undefined) {
    facts.push({ name: "range", value: `${shortNumber(low)} to ${shortNumber(high)}`, title: `${low} to ${high}` });
  }
  return [...facts, ...shownFacts];
}

const KINDS: Readonly<Record<string, string>> = { f: "float", i: "int", u: "uint", b: "bool" };

/** "<f4" -> "float32" */
function typeName(dtype: string): string {
  const [, kind = "", bytes = ""] = /([a-z])(\d+)$/.exec(dtype) ?? [];
  return KINDS[kind] && bytes ? `${KINDS[kind]}${Number(bytes) * 8}` : dtype;
}
