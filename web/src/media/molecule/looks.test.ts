import { describe, expect, it } from "vitest";
import {
  type AtomLike,
  PLAIN_LOOK,
  cameraFromView,
  colorFor,
  colorsFor,
  contentOf,
  isCrowded,
  nameOfAtom,
  parserOf,
  styleFor,
  stylesFor,
  viewFromCamera,
} from "@/media/molecule/looks";

function protein(chains: string[], residues = 10): AtomLike[] {
  return chains.flatMap((chain) => Array.from({ length: residues }, (_, resi) => ({ resn: "GLY", chain, resi, atom: "CA", elem: "C" })));
}
const small = contentOf(Array.from({ length: 20 }, () => ({ resn: "UNL", elem: "C" })), 1, false);

describe("what there is decides how it is drawn", () => {
  it("ribbons for proteins, balls for small molecules, lines for crowds", () => {
    expect(styleFor(PLAIN_LOOK, contentOf(protein(["A"]), 1, false))).toBe("cartoon");
    expect(styleFor(PLAIN_LOOK, contentOf(protein(["A"], 3), 1, false))).toBe("ball");
    expect(styleFor(PLAIN_LOOK, small)).toBe("ball");
    expect(styleFor(PLAIN_LOOK, { ...small, atoms: 50_000 })).toBe("line");
    expect(styleFor({ ...PLAIN_LOOK, style: "cartoon" }, small)).toBe("stick");
  });
  it("colours by chain where there are several", () => {
    expect(colorFor(PLAIN_LOOK, contentOf(protein(["A", "B"]), 1, false))).toBe("chain");
    expect(colorFor(PLAIN_LOOK, contentOf(protein(["A"]), 1, false))).toBe("spectrum");
    expect(colorFor(PLAIN_LOOK, small)).toBe("element");
    expect(colorFor({ ...PLAIN_LOOK, color: "charge" }, small)).toBe("element");
  });
  it("offers what makes a difference", () => {
    expect(stylesFor(small)).not.toContain("cartoon");
    expect(colorsFor(small)).toEqual(["auto", "element"]);
    expect(colorsFor(contentOf([{ elem: "C", properties: { partialCharge: 0.1 } }], 1, false))).toContain("charge");
  });
});

it("names an atom in words, whatever its names hold", () => {
  expect(nameOfAtom({ atom: "CA", elem: "C", resn: "GLY", resi: 12, chain: "A", serial: 7 })).toBe("CA of GLY 12 · C · chain A · #7");
  expect(nameOfAtom({ elem: "O", resn: "UNL" })).toBe("O");
  expect(nameOfAtom({ atom: "X", chain: "<img src=x>" })).toBe("X · chain <img src=x>");
});

it("tells crowds from molecules", () => {
  const line = (x: number, y: number, z: number): string => {
    const place = [x, y, z].map((value) => value.toFixed(3).padStart(8)).join("");
    return `ATOM      1  CA  GLY A   1    ${place}  1.00  0.00           C\n`;
  };
  expect(isCrowded(line(1, 1, 1).repeat(2_000), "pdb", 1)).toBe(true);
  expect(isCrowded(line(1, 1, 1).repeat(2_000), "pdb", 20)).toBe(false);
  expect(
    isCrowded(Array.from({ length: 20_000 }, (_, at) => line(at % 100, (at / 100) % 100, -123.456 + at / 1_000)).join(""), "pdb", 1),
  ).toBe(false);
  expect(isCrowded("no numbers\n".repeat(5_000), "pdb", 1)).toBe(false);
  expect(isCrowded("1".repeat(1_000_000), "pdb", 1)).toBe(false);
});

describe("only atoms count as atoms", () => {
  const numbers = "0.1234 0.2345 0.3456 -0.0012 0.0034 0.0056\n";
  const site = ["group_PDB", "id", "Cartn_x", "Cartn_y", "Cartn_z"].map((name) => `_atom_site.${name}\n`).join("");
  const anisotrop = ["id", "U[1][1]", "U[2][2]", "U[3][3]"].map((name) => `_atom_site_anisotrop.${name}\n`).join("");
  const far = Array.from({ length: 2_000 }, (_, at) => `ATOM ${at} ${at}.5 1.5 1.5\n`).join("");
  it("in mmCIF", () => {
    const rows = Array.from({ length: 2_000 }, (_, at) => `${at} ${numbers}`).join("");
    expect(isCrowded(`data_X\nloop_\n${site}${far}\n# and a comment\nloop_\n${anisotrop}${rows}#\n`, "cif", 1)).toBe(false);
    expect(isCrowded(`data_X\nloop_\n${anisotrop}${rows}#\nloop_\n${site}${"ATOM 1 1.5 1.5 1.5\n".repeat(2_000)}`, "cif", 1)).toBe(true);
  });
  it("in the other formats", () => {
    expect(isCrowded(`REMARK 3 ${numbers}`.repeat(2_000), "pdb", 1)).toBe(false);
    expect(isCrowded(`ANISOU ${numbers}`.repeat(2_000), "pdb", 1)).toBe(false);
    expect(isCrowded(`x\n> <curve>\n${numbers.repeat(2_000)}`, "sdf", 1)).toBe(false);
    expect(isCrowded("    1.0000    1.0000    1.0000 C   0  0\n".repeat(2_000), "sdf", 1)).toBe(true);
    expect(isCrowded("M  V30 1 C 1.0 1.0 1.0 0\n".repeat(2_000), "sdf", 1)).toBe(true);
    expect(isCrowded(`@<TRIPOS>ATOM\n1 C 1.0 1.0 1.0 C.3\n@<TRIPOS>COMMENT\n${numbers.repeat(2_000)}`, "mol2", 1)).toBe(false);
    expect(isCrowded(`@<TRIPOS>ATOM\n${"1 C 1.0 1.0 1.0 C.3\n".repeat(2_000)}`, "mol2", 1)).toBe(true);
    expect(isCrowded("    1GLY     CA    1   0.100   0.100   0.100\n".repeat(2_000), "gro", 1)).toBe(true);
  });
});

it("knows a parser for each format, and for no other name", () => {
  expect(["pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf"].map(parserOf)).not.toContain(null);
  expect(["smi", "toString", "__proto__", "xyz"].map(parserOf)).toEqual([null, null, null, null]);
});

it("moves a camera from one molecule to another and back", () => {
  const view = [1, 2, 3, 50, 0, 0.6, 0, 0.8];
  const whole = [0, 0, 0, 100, 0, 0, 0, 1];
  const camera = cameraFromView(view, whole);
  expect(camera.distance).toBeCloseTo(2);
  expect(viewFromCamera(camera, whole)).toEqual(view);
  expect(viewFromCamera(camera, [10, 10, 10, 130, 0, 0, 0, 1]).slice(0, 4)).toEqual([11, 12, 13, 110]);
});
