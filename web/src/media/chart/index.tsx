/** The chart kind for the rest of the UI. */
import type { ChartRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const CHART_VIEW: View<ChartRecord> = {
  name: "chart",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
