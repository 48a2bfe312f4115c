/** The graph kind for the rest of the UI. */
import type { GraphRecord } from "@/api/schema";
import { formatBytes, formatNumber } from "@/lib/text/format";
import { GraphCard } from "@/media/graph/GraphCard";
import type { View } from "@/media/view";

export const GRAPH_VIEW: View<GraphRecord> = {
  name: "graph",
  Card: GraphCard,
  aspect: () => null,
  tile: { width: 480, height: 400 },
  facts: (record) => [
    { name: "of", value: record.format ?? "keras" },
    { name: "nodes", value: formatNumber(record.node_count ?? 0) },
    { name: "edges", value: formatNumber(record.edge_count ?? 0) },
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: "graph.json" }),
};
