/** The plotly kind for the rest of the UI. */
import type { PlotlyRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const PLOTLY_VIEW: View<PlotlyRecord> = {
  name: "plotly",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
