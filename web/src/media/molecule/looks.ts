/** How a molecule is drawn: what a person chose, made definite by what there is to draw. */

export const STYLES = ["auto", "cartoon", "ball", "stick", "sphere", "line"] as const;
export const COLORS = ["auto", "element", "chain", "residue", "spectrum", "structure", "charge"] as const;
export type StyleName = (typeof STYLES)[number];
export type ColorName = (typeof COLORS)[number];

export const STYLE_LABELS: Readonly<Record<StyleName, string>> = {
  auto: "Automatic style", cartoon: "Cartoon", ball: "Ball and stick", stick: "Sticks", sphere: "Spheres", line: "Lines",
};
export const COLOR_LABELS: Readonly<Record<ColorName, string>> = {
  auto: "Automatic colours",
  element: "By element",
  chain: "By chain",
  residue: "By residue",
  spectrum: "Along the chain",
  structure: "By fold",
  charge: "By charge",
};

export interface Look {
  style: StyleName;
  color: ColorName;
  hasSurface: boolean;
  hasLabels: boolean;
  hasCell: boolean;
  isSpinning: boolean;
}

export const PLAIN_LOOK: Look = { style: "auto", color: "auto", hasSurface: false, hasLabels: false, hasCell: true, isSpinning: false };

/** What a file turned out to hold. */
export interface Content {
  atoms: number;
  /** Residues of proteins and nucleic acids. */
  residues: number;
  chains: number;
  poses: number;
  hasCell: boolean;
  hasCharges: boolean;
}

/** The part of an atom of 3Dmol that is read here. */
export interface AtomLike {
  resn?: string;
  chain?: string;
  resi?: number;
  atom?: string;
  elem?: string;
  serial?: number;
  properties?: Record<string, unknown>;
}

const AMINO = [
  ..."ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL ASX GLX SEC PYL MSE".split(" "),
  ..."HSD HSE HSP HID HIE HIP CYX CYM LYN ASH GLH".split(" "),
];
const NUCLEIC = [
  ..."A C G U I DA DC DG DT DU DI RA RC RG RU ADE CYT GUA THY URA".split(" "),
  ..."A5 C5 G5 U5 A3 C3 G3 U3 DA5 DC5 DG5 DT5 DA3 DC3 DG3 DT3".split(" "),
];
export const WATER: readonly string[] = ["HOH", "WAT", "H2O", "TIP", "TIP3", "SOL", "DOD", "SPC"];
export const POLYMER: readonly string[] = [...AMINO, ...NUCLEIC];
const IN_POLYMER = new Set(POLYMER);

export const SURFACE_ATOMS_LIMIT = 8_000;
export const LABELS_LIMIT = 400;
/** 3Dmol lays out and draws so many in seconds. */
export const ATOMS_LIMIT = 150_000;
const LINES_FROM_ATOMS = 30_000;

/** Fewer residues than this have no fold worth a ribbon. */
const CARTOON_FROM_RESIDUES = 6;

export function contentOf(atoms: readonly AtomLike[], poses: number, hasCell: boolean): Content {
  const residues = new Set<string>();
  const chains = new Set<string>();
  let hasCharges = false;
  for (const atom of atoms) {
    hasCharges ||= typeof atom.properties?.["partialCharge"] === "number";
    if (!IN_POLYMER.has(atom.resn?.trim() ?? "")) continue;
    chains.add(atom.chain ?? "");
    residues.add(`${atom.chain ?? ""}:${atom.resi ?? 0}`);
  }
  return { atoms: atoms.length, residues: residues.size, chains: chains.size, poses, hasCell, hasCharges };
}

export function styleFor(look: Look, content: Content): Exclude<StyleName, "auto"> {
  if (look.style === "cartoon" && content.residues === 0) return "stick";
  if (look.style !== "auto") return look.style;
  if (content.residues >= CARTOON_FROM_RESIDUES) return "cartoon";
  if (content.atoms > LINES_FROM_ATOMS) return "line";
  return content.hasCell || content.atoms <= 300 ? "ball" : "stick";
}

export function colorFor(look: Look, content: Content): Exclude<ColorName, "auto"> {
  if (look.color === "charge" && !content.hasCharges) return "element";
  if (look.color !== "auto") return look.color;
  if (styleFor(look, content) !== "cartoon") return "element";
  return content.chains > 1 ? "chain" : "spectrum";
}

/** The choices that make a difference for what there is. */
export function stylesFor(content: Content): StyleName[] {
  return STYLES.filter((style) => style !== "cartoon" || content.residues > 0);
}

export function colorsFor(content: Content): ColorName[] {
  return COLORS.filter((color) => {
    if (color === "charge") return content.hasCharges;
    return color === "auto" || color === "element" || content.residues > 0;
  });
}

/** What an atom is, in words: "CA of GLY 12, chain A". */
export function nameOfAtom(atom: AtomLike): string {
  const residue = atom.resn?.trim();
  const name = atom.atom?.trim() || atom.elem || "atom";
  const charge = atom.properties?.["partialCharge"];
  const parts = [`${name}${residue && residue !== "UNL" && residue !== "UNK" ? ` of ${residue} ${atom.resi ?? ""}`.trimEnd() : ""}`];
  if (name !== atom.elem && atom.elem) parts.push(atom.elem);
  if (atom.chain?.trim()) parts.push(`chain ${atom.chain.trim()}`);
  if (atom.serial !== undefined) parts.push(`#${atom.serial}`);
  if (typeof charge === "number") parts.push(`charge ${charge.toFixed(3)}`);
  return parts.join(" · ");
}

/** The name of 3Dmol's parser for a format of ours; null when it has none. */
export function parserOf(format: string): string | null {
  const parsers: Record<string, string> = {
    pdb: "pdb",
    pqr: "pqr",
    mmcif: "cif",
    cif: "cif",
    mcif: "mcif",
    sdf: "sdf",
    sd: "sdf",
    gro: "gro",
    mol2: "mol2",
    mmtf: "mmtf",
  };
  return Object.hasOwn(parsers, format) ? (parsers[format] ?? null) : null;
}

const CROWD_CELL = 5; // ångström
/** A longer line is no atom. */
const LINE_LIMIT = 400;
/** In a cube of 5 ångström; real ones hold some thirty. */
const CROWD_LIMIT = 800;

/** The atoms of each text format: lines of one kind, or of one section. Other lines hold numbers too. */
const ATOM_LINE: Readonly<Record<string, RegExp>> = {
  pdb: /^(?:ATOM|HETATM)/,
  pqr: /^(?:ATOM|HETATM)/,
  sdf: /^ *-?\d+\.\d+ *-?\d+\.\d+ *-?\d+\.\d+ +[A-Za-z*]|^M +V30 +\d+ +[A-Za-z*]\S* +-?\d/,
  gro: /^ *\d+\S* +\S/,
};

/** Gives the place of an atom for each line that is one, null for any other. */
function atomReader(parser: string): (line: string) => number[] | null {
  const line = ATOM_LINE[parser];
  if (line) return (text) => (line.test(text) ? decimals(text) : null);
  if (parser === "mol2") return inSection(/^@<TRIPOS>/, /^@<TRIPOS>ATOM\b/);
  return cifReader();
}

function decimals(text: string): number[] | null {
  const numbers = text.match(/-?\d+\.\d+/g);
  return numbers && numbers.length >= 3 ? numbers.slice(0, 3).map(Number) : null;
}

function inSection(any: RegExp, wanted: RegExp): (line: string) => number[] | null {
  let isWanted = false;
  return (line) => {
    if (any.test(line)) isWanted = wanted.test(line);
    return isWanted ? decimals(line) : null;
  };
}

/** The rows of the loop whose columns are those of `_atom_site`: there are others with numbers, `_atom_site_anisotrop` for one. */
function cifReader(): (line: string) => number[] | null {
  let columns: string[] = [];
  let isHead = false;
  return (line) => {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) return null;
    if (/^(?:loop_|data_)/i.test(word)) {
      columns = [];
      isHead = /^loop_/i.test(word);
    } else if (word.startsWith("_")) {
      if (!isHead) columns = [];
      else columns.push(word.toLowerCase());
    } else if (columns.length > 0) {
      isHead = false;
      const places = ["x", "y", "z"].map((axis) => columns.indexOf(`_atom_site.cartn_${axis}`));
      const cells = places.includes(-1) ? [] : word.split(/\s+/);
      const numbers = places.map((place) => Number.parseFloat(cells[place] ?? ""));
      return numbers.every(Number.isFinite) ? numbers : null;
    }
    return null;
  };
}

/**
 * Whether thousands of atoms lie in one place, where finding the bonds between them would take for ever. Several models
 * lie upon one another.
 */
export function isCrowded(text: string, parser: string, models: number): boolean {
  const side = CROWD_CELL * (parser === "gro" ? 0.1 : 1); // GROMACS counts in nanometres
  const cells = new Map<string, number>();
  const limit = CROWD_LIMIT * Math.max(1, models);
  const atomOf = atomReader(parser);
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("\n", at);
    const stop = next < 0 ? text.length : next;
    const numbers = atomOf(text.slice(at, Math.min(stop, at + LINE_LIMIT)));
    at = stop + 1;
    if (!numbers) continue;
    const cell = numbers.map((number) => Math.floor(number / side)).join(",");
    const count = (cells.get(cell) ?? 0) + 1;
    if (count > limit) return true;
    cells.set(cell, count);
  }
  return false;
}

/** Where the camera is, in terms that mean the same for molecules of other sizes and places. */
export interface Camera {
  /** A quaternion. */
  turn: readonly [number, number, number, number];
  /** Distance, as a part of the one that shows all. */
  distance: number;
  /** From the middle of the molecule, in ångström. */
  shift: readonly [number, number, number];
}

const CAMERA_Z = 150; // of 3Dmol

/** 3Dmol's view of a camera, given the view that shows all. */
export function viewFromCamera(camera: Camera, whole: readonly number[]): number[] {
  const [x = 0, y = 0, z = 0, depth = 0] = whole;
  return [x + camera.shift[0], y + camera.shift[1], z + camera.shift[2], CAMERA_Z - (CAMERA_Z - depth) * camera.distance, ...camera.turn];
}

export function cameraFromView(view: readonly number[], whole: readonly number[]): Camera {
  const at = (index: number): number => view[index] ?? 0;
  const from = (index: number): number => whole[index] ?? 0;
  return {
    turn: [at(4), at(5), at(6), at(7)],
    distance: Math.min(20, Math.max(0.01, (CAMERA_Z - at(3)) / (CAMERA_Z - from(3)) || 1)),
    shift: [at(0) - from(0), at(1) - from(1), at(2) - from(2)],
  };
}
