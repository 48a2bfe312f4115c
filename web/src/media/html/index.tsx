/** The html kind for the rest of the UI. */
import type { HtmlRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { HtmlCard } from "@/media/html/HtmlCard";
import type { View } from "@/media/view";

export const HTML_VIEW: View<HtmlRecord> = {
  name: "page",
  Card: HtmlCard,
  aspect: () => null,
  tile: "fill",
  fillHeight: () => 360,
  facts: (record) => [
    ...(record.title ? [{ name: "title", value: record.title, title: record.title }] : []),
    ...(record.name ? [{ name: "file", value: record.name, title: record.name }] : []),
    { name: "size", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
    { name: "style", value: record.is_styled === false ? "its own only" : "over a plain one" },
    ...((record.outside ?? []).length > 0
      ? [{ name: "loads from", value: (record.outside ?? []).join(", "), title: (record.outside ?? []).join("\n") }]
      : []),
    ...((record.beside ?? []).length > 0
      ? [{ name: "expects", value: (record.beside ?? []).join(", "), title: (record.beside ?? []).join("\n") }]
      : []),
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: record.name ?? "page.html" }),
};
