/** The text kind for the rest of the UI. */
import type { TextRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { TextCard } from "@/media/text/TextCard";
import type { View } from "@/media/view";

const LINE_PX = 20;
const SHORTEST_PX = 64;
const TALLEST_PX = 360;
const CHARS_A_LINE = 110;

export const TEXT_VIEW: View<TextRecord> = {
  name: "text",
  Card: TextCard,
  aspect: () => null,
  tile: "fill",
  fillHeight: (record) => {
    const drawn = Math.max(record.line_count ?? 0, Math.ceil((record.char_count ?? 0) / CHARS_A_LINE));
    return Math.min(TALLEST_PX, Math.max(SHORTEST_PX, 40 + drawn * LINE_PX));
  },
  facts: (record) => [
    { name: "format", value: record.language ?? record.format ?? "plain" },
    { name: "characters", value: (record.char_count ?? 0).toLocaleString("en") },
    { name: "lines", value: (record.line_count ?? 0).toLocaleString("en") },
    ...(record.name ? [{ name: "file", value: record.name, title: record.name }] : []),
    ...(record.blob ? [{ name: "size", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` }] : []),
    ...(record.undecoded ? [{ name: "not UTF-8", value: `${record.undecoded.toLocaleString("en")} bytes` }] : []),
  ],
  file: (record) => {
    if (record.source) return { sha256: record.source.sha256, name: record.name ?? "text.txt" };
    return record.blob
      ? { sha256: record.blob.sha256, name: record.name ?? (record.format === "markdown" ? "text.md" : "text.txt") }
      : null;
  },
};
