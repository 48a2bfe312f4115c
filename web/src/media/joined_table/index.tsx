/** The joined_table kind for the rest of the UI. */
import type { JoinedTableRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const JOINED_TABLE_VIEW: View<JoinedTableRecord> = {
  name: "joined_table",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
