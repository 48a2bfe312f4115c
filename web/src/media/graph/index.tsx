/** The graph kind for the rest of the UI. */
import type { GraphRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const GRAPH_VIEW: View<GraphRecord> = {
  name: "graph",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
