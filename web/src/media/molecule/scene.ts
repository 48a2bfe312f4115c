/** One WebGL viewer of 3Dmol: shows a molecule in a look from a camera, and can be asked what it shows. */
import type * as Library from "3dmol";
import { isCrystal, operationsOf, withOperations } from "@/media/molecule/crystal";
import {
  type AtomLike, type Camera, type Content, type Look, LABELS_LIMIT, POLYMER, SURFACE_ATOMS_LIMIT, WATER,
  cameraFromView, colorFor, contentOf, isCrowded, nameOfAtom, parserOf, styleFor, viewFromCamera,
} from "@/media/molecule/looks";

export type { Library };

let loading: Promise<typeof Library> | null = null;

/** The library, fetched when the first molecule is drawn. */
export function loadLibrary(): Promise<typeof Library> {
  loading ??= import("3dmol/build/3Dmol.es6-min.js");
  loading.catch(() => (loading = null));
  return loading;
}

export interface Molecule {
  sha256: string;
  format: string;
  data: Uint8Array<ArrayBuffer>;
  /** How many molecules or models it has. */
  count: number;
}

export interface Surroundings {
  background: string;
  /** The place under it shines through. */
  isClear: boolean;
  ink: string;
}

/** Options of 3Dmol. */
type Loose = Record<string, unknown>;

const HYDROGEN_GREY = 0xc4c9d2; // white would be lost on white paper
const HOVER_ATOMS_LIMIT = 30_000;
const MOLECULES_LIMIT = 500;
/** Operations times lines of the file. */
const FILLED_LIMIT = 60_000;

export class Scene {
  readonly #library: typeof Library;
  readonly #viewer: Library.GLViewer;
  readonly #host: HTMLElement;
  readonly #isInteractive: boolean;
  #models: Library.GLModel[] = [];
  #shown = "";
  #drawn = "";
  #isSpinning = false;
  #isCrystal = false;
  #whole: number[] = [];
  /** Molecule of the file -> the view that shows all of it. */
  readonly #wholes = new Map<number, number[]>();
  content: Content | null = null;
  onCamera: ((camera: Camera) => void) | null = null;
  onHover: ((name: string | null) => void) | null = null;

  /** Throws, with words for people, where there is no WebGL. */
  constructor(library: typeof Library, host: HTMLElement, isInteractive: boolean) {
    this.#library = library;
    this.#host = host;
    this.#isInteractive = isInteractive;
    const viewer: Library.GLViewer | undefined = library.createViewer(host, {
      antialias: true,
      nomouse: !isInteractive,
      disableFog: false,
      cartoonQuality: 6,
    });
    if (!viewer?.getCanvas()?.isConnected) throw new Error("This browser draws no WebGL here.");
    this.#viewer = viewer;
    viewer.setHoverDuration(80);
    viewer.setViewChangeCallback(() => {
      if (this.#whole.length > 0 && !this.#isSpinning) this.onCamera?.(cameraFromView(this.#viewer.getView(), this.#whole));
    });
  }

  get canvas(): HTMLCanvasElement {
    return this.#viewer.getCanvas();
  }

  /** Draw now. Throws when the file can't be read. */
  show(molecule: Molecule, look: Look, pose: number, camera: Camera | null, { background, isClear, ink }: Surroundings): void {
    const { onCamera } = this;
    this.onCamera = null;
    try {
      this.#viewer.setBackgroundColor(background, isClear ? 0 : 1);
      if (this.#shown !== molecule.sha256) this.#load(molecule);
      const drawn = JSON.stringify([molecule.sha256, look, pose, ink]);
      if (this.#drawn !== drawn) this.#dress(look, pose, ink);
      this.#drawn = drawn;
      this.#frame(pose);
      this.#viewer.setView(camera ? viewFromCamera(camera, this.#whole) : this.#whole);
      this.#viewer.render();
      this.#isSpinning = look.isSpinning && this.#isInteractive;
      this.#viewer.spin(this.#isSpinning ? "y" : false, 0.6);
    } finally {
      this.onCamera = onCamera;
    }
  }

  resize(width: number, height: number): void {
    this.#host.style.width = `${width}px`;
    this.#host.style.height = `${height}px`;
    this.#viewer.resize();
  }

  /** Let go of what is shown: a hidden viewer needs no memory. */
  clear(): void {
    this.#viewer.spin(false);
    this.#viewer.clear();
    this.#shown = this.#drawn = "";
  }

  #load(molecule: Molecule): void {
    this.#viewer.spin(false);
    this.#viewer.clear();
    this.#models = [];
    this.#shown = "";
    this.#whole = [];
    const parser = parserOf(molecule.format);
    if (!parser) throw new Error(`There is no viewer for “${molecule.format}” files.`);
    this.#models = (molecule.format === "mmtf" ? this.#addBinary(molecule.data) : this.#addText(molecule, parser)).filter(
      (model) => model.selectedAtoms({}).length > 0,
    );
    const first = this.#models[0];
    if (!first) throw new Error("No atoms were found in it.");
    this.content = contentOf(first.selectedAtoms({}) as AtomLike[], this.#models.length, this.#isCrystal);
    if (this.#isCrystal) this.#viewer.addUnitCell(first, unitCell(0)); // so that all of the cell is in sight
    this.#wholes.clear();
    if (this.#models.length === 1) {
      this.#viewer.zoomTo();
      this.#wholes.set(0, this.#viewer.getView());
    }
    this.#shown = molecule.sha256;
  }

  /** The view that shows all of what is drawn: the molecules of one file may lie far apart, or be of other sizes. */
  #frame(pose: number): void {
    const at = Math.min(pose, this.#models.length - 1);
    let whole = this.#wholes.get(at);
    if (!whole) {
      this.#viewer.zoomTo(pick({ model: this.#models[at] }));
      whole = this.#viewer.getView();
      this.#wholes.set(at, whole);
    }
    this.#whole = whole;
  }

  #addBinary(data: Uint8Array<ArrayBuffer>): Library.GLModel[] {
    this.#isCrystal = false;
    return [this.#viewer.addModel(data.slice().buffer, "mmtf", { keepH: true })];
  }

  #addText({ data, count }: Molecule, parser: string): Library.GLModel[] {
    const viewer = this.#viewer;
    const text = new TextDecoder().decode(data);
    this.#isCrystal = parser.endsWith("cif") && isCrystal(text);
    if (!this.#isCrystal && isCrowded(text, parser, count)) throw new Error("Too many of its atoms lie in one place.");
    if (this.#isCrystal) {
      // A crystal is its cell: all copies that its symmetry asks for. A protein is what the file holds.
      const operations = operationsOf(text);
      const isFilled = operations.length * (text.match(/\n/g)?.length ?? 0) < FILLED_LIMIT;
      const options = isFilled ? { doAssembly: true, duplicateAssemblyAtoms: true, normalizeAssembly: true, keepH: true } : { keepH: true };
      return [viewer.addModel(withOperations(text, operations), "cif", options)];
    }
    const separator = { sdf: /^\$\$\$\$.*\r?\n?/m, mol2: /(?=^@<TRIPOS>MOLECULE)/m }[parser];
    const parts = separator ? text.split(separator).filter((part) => part.trim() !== "").slice(0, MOLECULES_LIMIT) : [text];
    if (parser === "mol2") {
      return parts.filter((part) => part.includes("@<TRIPOS>MOLECULE")).map((part) => viewer.addModel(part, parser, { keepH: true }));
    }
    if (separator) return parts.map((part) => viewer.addModel(part, parser, { keepH: true }));
    if (parser === "pdb") return [...viewer.addModels(text, parser, { keepH: true })];
    return [viewer.addModel(text, parser, { keepH: true })];
  }

  #dress(look: Look, pose: number, ink: string): void {
    const viewer = this.#viewer;
    const { content } = this;
    if (!content) return;
    viewer.removeAllLabels();
    viewer.removeAllSurfaces();
    viewer.removeAllShapes();
    const shown = this.#models[Math.min(pose, this.#models.length - 1)];
    for (const model of this.#models) {
      if (model === shown) model.show();
      else model.hide();
      viewer.setStyle({ model }, {});
      viewer.setHoverable({ model }, false, null, null);
      viewer.removeUnitCell(model);
    }
    if (!shown) return;
    for (const [selection, style] of this.#styles(look, content)) {
      viewer.addStyle(pick({ model: shown, ...selection }), style as Library.AtomStyleSpec);
    }
    if (this.onHover && content.atoms <= HOVER_ATOMS_LIMIT) {
      viewer.setHoverable({ model: shown }, true, (atom: AtomLike) => this.onHover?.(nameOfAtom(atom)), () => this.onHover?.(null));
    }
    if (content.hasCell && look.hasCell) viewer.addUnitCell(shown, unitCell(ink));
    if (look.hasSurface && content.atoms <= SURFACE_ATOMS_LIMIT) {
      const selection = pick(content.residues > 0 ? { model: shown, resn: POLYMER } : { model: shown });
      viewer.addSurface(
        this.#library.SurfaceType.VDW,
        { opacity: 0.78, ...this.#color(look, content) } as Library.SurfaceStyleSpec,
        selection,
        selection,
      );
    }
    if (look.hasLabels) this.#label(shown, content, ink);
  }

  #label(model: Library.GLModel, content: Content, ink: string): void {
    if (content.residues > 0 && content.residues <= LABELS_LIMIT) {
      this.#viewer.addResLabels(pick({ model, resn: POLYMER }), labelStyle(ink));
    } else if (content.atoms <= LABELS_LIMIT) {
      for (const atom of model.selectedAtoms({}) as Library.AtomSpec[]) {
        const { x = 0, y = 0, z = 0 } = atom;
        this.#viewer.addLabel(
          String(atom.atom ?? atom.elem ?? "").slice(0, 12),
          { ...labelStyle(ink), position: { x, y, z } },
          undefined,
          true,
        );
      }
    }
  }

  #color(look: Look, content: Content): Loose {
    const scheme = colorFor(look, content);
    if (scheme === "charge") return { colorscheme: { prop: "partialCharge", gradient: "rwb", min: -0.8, max: 0.8 } };
    if (scheme === "chain") return { colorscheme: "chain" };
    if (scheme === "residue") return { colorscheme: "amino" };
    if (scheme === "structure") return { colorscheme: "ssPyMol" };
    if (scheme === "spectrum") return { color: "spectrum" };
    return { colorscheme: { prop: "elem", map: { ...(this.#library.elementColors["Jmol"] as Record<string, number>), H: HYDROGEN_GREY } } };
  }

  #styles(look: Look, content: Content): [selection: Loose, style: Loose][] {
    const color = this.#color(look, content);
    const byElement = this.#color({ ...look, color: "element" }, content);
    const style = styleFor(look, content);
    if (style === "cartoon") {
      return [
        [{ resn: POLYMER }, { cartoon: { arrows: true, ...color } }],
        [{ not: { resn: [...POLYMER, ...WATER] } }, { stick: { radius: 0.2, ...byElement }, sphere: { scale: 0.22, ...byElement } }],
        [{ resn: WATER, elem: "O" }, { sphere: { radius: 0.3, ...byElement } }],
      ];
    }
    const drawn: Record<Exclude<typeof style, "cartoon">, Loose> = {
      ball: { stick: { radius: 0.12, ...color }, sphere: { scale: 0.26, ...color } },
      stick: { stick: { radius: 0.18, ...color } },
      sphere: { sphere: { ...color } },
      line: { line: { linewidth: 1.5, ...color } },
    };
    return [[{}, drawn[style]]];
  }
}

/** 3Dmol's types know one name where it takes a list of them. */
function pick(selection: Loose): Library.AtomSelectionSpec {
  return selection as unknown as Library.AtomSelectionSpec;
}

function unitCell(color: string | number): Library.UnitCellStyleSpec {
  const nothing = { hidden: true };
  return {
    box: { color },
    astyle: nothing,
    bstyle: nothing,
    cstyle: nothing,
    alabel: "",
    blabel: "",
    clabel: "",
  } as Library.UnitCellStyleSpec;
}

function labelStyle(ink: string): Library.LabelSpec {
  return { fontColor: ink, fontSize: 12, showBackground: false, inFront: true } as Library.LabelSpec;
}
