/** The object3d kind for the rest of the UI. */
import type { Object3DRecord } from "@/api/schema";
import { Object3DCard } from "@/media/object3d/Object3DCard";
import { prepareObject3D } from "@/media/object3d/load";
import { factRows } from "@/media/object3d/words";
import type { View } from "@/media/view";

export const OBJECT3D_VIEW: View<Object3DRecord> = {
  name: "3D",
  Card: Object3DCard,
  aspect: () => 4 / 3,
  tile: { width: 288, height: 216 },
  facts: (record) =>
    factRows(record).map(({ name, value, title }) => ({
      name,
      value: value.includes("\n") ? value.split("\n").map((line) => <span key={line} class="fact-line">{line}</span>) : value,
      ...(title === undefined ? {} : { title }),
    })),
  prepare: prepareObject3D,
  file: (record) => fileOf(record),
};

function fileOf(record: Object3DRecord): { sha256: string; name: string } | null {
  const blob = record.blob;
  return blob ? { sha256: blob.sha256, name: record.name ?? `model.${record.format}` } : null;
}
