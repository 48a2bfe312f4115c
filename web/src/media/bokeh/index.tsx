/** The bokeh kind for the rest of the UI. */
import type { BokehRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const BOKEH_VIEW: View<BokehRecord> = {
  name: "bokeh",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
