/** Symmetry of crystals in the words that 3Dmol reads: newer and magnetic CIFs name their operations differently. */

const OPERATION_TAGS = [
  "_symmetry_equiv_pos_as_xyz",
  "_space_group_symop_operation_xyz",
  "_space_group_symop.operation_xyz",
  "_space_group_symop_magn_operation.xyz",
];
const CENTERING_TAGS = ["_space_group_symop_magn_centering.xyz"];
const PARTS = 24; // every fraction of a space group is a multiple of 1/24
const OPERATIONS_LIMIT = 400;

/** A crystal: a cell, and positions in parts of it. Proteins have positions in ångström. */
export function isCrystal(text: string): boolean {
  return (
    /^[ \t]*_cell[._]length_a\b/im.test(text) &&
    /^[ \t]*_atom_site[._]fract_x\b/im.test(text) &&
    !/^[ \t]*_atom_site\.cartn_x\b/im.test(text)
  );
}

/** All symmetry operations that a CIF names, like "-x+12/24,y,z"; identity when it names none. */
export function operationsOf(text: string): string[] {
  const operations = OPERATION_TAGS.map((tag) => columnOf(text, tag)).find((found) => found.length > 0) ?? [];
  const centerings = CENTERING_TAGS.flatMap((tag) => columnOf(text, tag)).map(partsOf);
  const all = new Set<string>();
  for (const operation of operations.length > 0 ? operations : ["x,y,z"]) {
    const parts = partsOf(operation);
    if (!parts) continue;
    for (const centering of centerings.length > 0 ? centerings : [partsOf("x,y,z")]) {
      if (centering) all.add(parts.map(({ turn, shift }, at) => written(turn, shift + (centering[at]?.shift ?? 0))).join(","));
      if (all.size >= OPERATIONS_LIMIT) return [...all];
    }
  }
  return [...all];
}

/** The CIF with its operations under the one name that 3Dmol knows. */
export function withOperations(text: string, operations: readonly string[]): string {
  const renamed = text.replace(/^([ \t]*)_(symmetry_equiv_pos_as_xyz)\b/gim, "$1_own_$2");
  const loop = `\nloop_\n_symmetry_equiv_pos_as_xyz\n${operations.map((operation) => `'${operation}'`).join("\n")}\n`;
  const block = /^data_\S*[^\n]*$/im.exec(renamed);
  if (!block) return text;
  const at = block.index + block[0].length;
  return renamed.slice(0, at) + loop + renamed.slice(at);
}

/** The values of one column of the loop that has it. */
function columnOf(text: string, tag: string): string[] {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim().toLowerCase() === tag.toLowerCase());
  if (first < 0) return [];
  const values = [];
  for (const line of lines.slice(first + 1, first + 1 + OPERATIONS_LIMIT)) {
    const row = line.trim();
    if (row.startsWith("_") && values.length === 0) continue;
    // Whatever stands before it, an operation is the part with two commas in it.
    const found = /(?:'([^']*,[^']*,[^']*)'|"([^"]*,[^"]*,[^"]*)"|(\S*,\S*,\S*))/.exec(row);
    if (row === "" || row.startsWith("loop_") || row.startsWith("_") || row.startsWith("#") || !found) break;
    values.push(found[1] ?? found[2] ?? found[3] ?? "");
  }
  return values;
}

interface Part {
  turn: string;
  /** In parts of 1/24 of the cell. */
  shift: number;
}

function partsOf(operation: string): Part[] | null {
  const parts = operation.replace(/["'\s]/g, "").toLowerCase().split(",").slice(0, 3).map((text): Part | null => {
    const terms = text.replace(/-/g, "+-").split("+").filter((term) => term !== "");
    const turn = terms.filter((term) => /^-?[xyz]$/.test(term));
    let shift = 0;
    for (const term of terms) {
      if (/^-?[xyz]$/.test(term)) continue;
      const [, sign, above, below] = /^(-?)(\d*\.?\d+)(?:\/(\d+))?$/.exec(term) ?? [];
      if (above === undefined) return null;
      shift += (sign === "-" ? -1 : 1) * (Number(above) / Number(below ?? 1)) * PARTS;
    }
    return turn.length > 0 ? { turn: turn.join("+").replaceAll("+-", "-"), shift: Math.round(shift) } : null;
  });
  return parts.length === 3 && parts.every((part) => part !== null) ? (parts as Part[]) : null;
}

function written(turn: string, shift: number): string {
  const within = ((shift % PARTS) + PARTS) % PARTS;
  return within === 0 ? turn : `${turn}+${within}/${PARTS}`;
}
