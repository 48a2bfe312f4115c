/**
 * An OBJ as its loader reads it right: faces by material, whole numbers counted from one, colours from 0 to 1. What other
 * programs write (groups within objects, numbers counted from the end, lines that go on, tabs) the loader takes for
 * something else.
 */

export interface PlainObj {
  text: string;
  hasColors: boolean;
  warnings: string[];
}

interface Face {
  corners: string[];
  material: string;
}

/** Colours up to this are parts of one: 1.0000002 is no 8-bit colour. */
const UNIT_TOP = 1 + 1 / 255;

/** materials: the name under which the loader finds the materials; null where there are none. Throws with words for people. */
export function plainObj(source: string, materials: string | null): PlainObj {
  const places: string[] = [];
  const colors: (readonly number[] | null)[] = [];
  const painted: number[][] = [];
  const textures: string[] = [];
  const normals: string[] = [];
  const faces: Face[] = [];
  const lines: Face[] = [];
  const warnings: string[] = [];
  let material = "";
  let broken = 0;

  const corner = (token: string): string | null => {
    const numbers = token.split("/").map((part) => (part === "" ? 0 : Number(part)));
    const counts = [places.length, textures.length, normals.length];
    const [place = 0, texture = 0, normal = 0] = numbers.map((number, at) => (number < 0 ? number + (counts[at] ?? 0) + 1 : number));
    if (!Number.isInteger(place) || place < 1) return null;
    return `${place}/${texture >= 1 && Number.isInteger(texture) ? texture : ""}/${normal >= 1 && Number.isInteger(normal) ? normal : ""}`;
  };
  const shape = (tokens: readonly string[], least: number, to: Face[]): void => {
    const corners = tokens.map(corner);
    if (corners.length < least || corners.includes(null)) broken += 1;
    else to.push({ corners: corners as string[], material });
  };

  for (const line of source.replace(/\\\r?\n/g, " ").split(/\r\n|\n|\r/)) {
    if (line.startsWith("#MRGB")) painted.push(...paintedColors(line));
    const [word = "", ...tokens] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (word === "v") {
      const numbers = tokens.map(Number);
      if (numbers.length < 3 || numbers.slice(0, 3).some(Number.isNaN)) {
        throw new Error(`The file is broken: “${line.trim().slice(0, 60)}” is no vertex.`);
      }
      places.push(numbers.slice(0, 3).join(" "));
      colors.push(numbers.length >= 6 && !numbers.slice(3, 6).some(Number.isNaN) ? numbers.slice(3, 6) : null);
    } else if (word === "vt") textures.push(`${Number(tokens[0]) || 0} ${Number(tokens[1]) || 0}`);
    else if (word === "vn") normals.push(tokens.slice(0, 3).map((token) => Number(token) || 0).join(" "));
    else if (word === "f") shape(tokens, 3, faces);
    else if (word === "l") shape(tokens, 2, lines);
    else if (word === "usemtl") material = tokens.join(" ");
  }
  if (places.length === 0) throw new Error("The file has no vertices: it is no OBJ, or an empty one.");

  const isThere = ({ corners }: Face): boolean => corners.every((each) => Number(each.split("/", 1)[0]) <= places.length);
  const drawn = faces.filter(isThere);
  broken += faces.length - drawn.length;
  if (broken > 0) warnings.push(`${broken.toLocaleString("en")} of its faces can't be drawn: they name vertices that are not there`);

  const given = colors.some((color) => color !== null) ? colors : painted.length >= places.length ? painted : null;
  const scale = given && given.some((color) => color?.some((value) => value > UNIT_TOP)) ? 255 : 1;
  const written = places.map((place, at) =>
    given
      ? `v ${place} ${(given[at] ?? [scale, scale, scale]).map((value) => Math.min(1, Math.max(0, value / scale))).join(" ")}`
      : `v ${place}`,
  );
  return {
    text: [
      ...(materials === null ? [] : [`mtllib ${materials}`]),
      ...written,
      ...textures.map((each) => `vt ${each}`),
      ...normals.map((each) => `vn ${each}`),
      ...byMaterial(drawn, "f", textures.length, normals.length),
      ...byMaterial(lines.filter(isThere), "l", 0, 0),
      "",
    ].join("\n"),
    hasColors: given !== null,
    warnings,
  };
}

/** Faces of one material together: the loader makes a mesh of each stretch. */
function byMaterial(faces: readonly Face[], word: string, textures: number, normals: number): string[] {
  // A face without normals among others that have them would get some that point anywhere.
  const parts = faces.map(({ corners }) => corners.map((each) => each.split("/").map(Number)));
  const has = (at: number, count: number): boolean =>
    count > 0 && parts.every((corners) => corners.every((each) => (each[at] ?? 0) >= 1 && (each[at] ?? 0) <= count));
  const [hasTextures, hasNormals] = [has(1, textures), has(2, normals)];
  const groups = new Map<string, string[]>();
  for (const [at, { material }] of faces.entries()) {
    const corners = (parts[at] ?? []).map(([place, texture, normal]) => {
      if (hasNormals) return `${place}/${hasTextures ? texture : ""}/${normal}`;
      return hasTextures ? `${place}/${texture}` : `${place}`;
    });
    const group = groups.get(material) ?? [];
    group.push(`${word} ${corners.join(" ")}`);
    groups.set(material, group);
  }
  return [...groups].flatMap(([material, group]) =>
    material === "" && groups.size === 1 ? group : [`usemtl ${material || "none"}`, ...group],
  );
}

/** ZBrush's comment: 8 hexadecimal digits for each vertex, MMRRGGBB. */
function paintedColors(line: string): number[][] {
  return (line.slice(5).match(/[0-9a-fA-F]{8}/g) ?? []).map((digits) =>
    [2, 4, 6].map((at) => Number.parseInt(digits.slice(at, at + 2), 16) / 255),
  );
}
