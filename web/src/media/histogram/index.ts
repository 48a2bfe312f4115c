/** The histogram kind for the rest of the UI. */
import type { HistogramRecord } from "@/api/schema";
import { HistogramCard, histogramFacts } from "@/media/histogram/HistogramCard";
import type { View } from "@/media/view";

export const HISTOGRAM_VIEW: View<HistogramRecord> = {
  name: "histogram",
  Card: HistogramCard,
  aspect: () => null,
  facts: histogramFacts,
};
