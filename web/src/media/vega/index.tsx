/** The vega kind for the rest of the UI. */
import type { VegaRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const VEGA_VIEW: View<VegaRecord> = {
  name: "vega",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
