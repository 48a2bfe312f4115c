import { describe, expect, it } from "vitest";
import { isCrystal, operationsOf, withOperations } from "@/media/molecule/crystal";

const CELL = "data_x\n_cell_length_a 5\nloop_\n_atom_site_label\n_atom_site_fract_x\nO 0.5\n";
const MAGNETIC = `${CELL}loop_
_space_group_symop_magn_operation.id
_space_group_symop_magn_operation.xyz
1 x,y,z,+1
2 -x+1/2,y+1/2,-z,+1

loop_
_space_group_symop_magn_centering.id
_space_group_symop_magn_centering.xyz
1 x,y,z,+1
2 x+1/2,y+1/2,z,-1
`;

describe("crystals", () => {
  it("are told from proteins", () => {
    expect(isCrystal(CELL)).toBe(true);
    expect(isCrystal("_cell.length_a 5\n_atom_site.Cartn_x\n_atom_site.fract_x")).toBe(false);
    expect(isCrystal("nothing")).toBe(false);
  });
  it("have the operations of every kind of CIF", () => {
    expect(operationsOf(CELL)).toEqual(["x,y,z"]);
    expect(operationsOf(`${CELL}loop_\n_symmetry_equiv_pos_as_xyz\n 'x, y, z'\n '-x, -y, 1/2+z'\n`)).toEqual(["x,y,z", "-x,-y,z+12/24"]);
    expect(operationsOf(`${CELL}loop_\n_space_group_symop_operation_xyz\nx,y,z\n-y,x-y,z+1/3\n`)).toEqual(["x,y,z", "-y,x-y,z+8/24"]);
    expect(operationsOf(MAGNETIC)).toEqual(["x,y,z", "x+12/24,y+12/24,z", "-x+12/24,y+12/24,-z", "-x,y,-z"]);
  });
  it("leave out what is no operation", () => {
    expect(operationsOf(`${CELL}loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nalert(1),y,z\n1/0,y,z\n`)).toEqual(["x,y,z"]);
  });
  it("get them under the name that is read", () => {
    const text = withOperations(MAGNETIC, ["x,y,z"]);
    expect(text).toMatch(/^data_x\nloop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n/);
    expect(withOperations("no block", ["x,y,z"])).toBe("no block");
  });
});
