/** The partitioned_table kind for the rest of the UI. */
import type { PartitionedTableRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const PARTITIONED_TABLE_VIEW: View<PartitionedTableRecord> = {
  name: "partitioned_table",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
