/** The molecule kind for the rest of the UI. */
import type { MoleculeRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { MoleculeCard } from "@/media/molecule/MoleculeCard";
import type { Fact, View } from "@/media/view";
import { prepareBytes } from "@/state/contents/blobs";

export const MOLECULE_VIEW: View<MoleculeRecord> = {
  name: "molecule",
  Card: MoleculeCard,
  aspect: () => 4 / 3,
  facts,
  prepare: (record) => prepareBytes(record.blob),
  file: (record) => {
    if (record.source) return { sha256: record.source.sha256, name: record.name ?? "molecule.mol" };
    return { sha256: record.blob.sha256, name: record.name ?? `molecule.${record.format}` };
  },
};

function facts(record: MoleculeRecord): Fact[] {
  const found: Fact[] = [{ name: "format", value: record.source ? `${record.format}, made by rdkit` : record.format }];
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value === null || value === undefined || value === "") return;
    const text = typeof value === "number" ? value.toLocaleString("en") : value;
    found.push({ name, value: text, title: text });
  };
  add("title", record.title);
  add("formula", record.formula);
  add("SMILES", record.smiles);
  add("atoms", record.atom_count);
  add("bonds", record.bond_count);
  if ((record.molecule_count ?? 1) > 1) add("molecules", record.molecule_count);
  add("file", record.name);
  found.push({ name: "size", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` });
  add("note", record.note);
  return found;
}
