/**
 * How a point cloud lies in its blob: pages of columns, read front to back in growing pieces. Pure functions.
 *
 * Numbers in a record are claims: nothing is allocated before they were checked against the bytes that exist.
 */
import type { PointCloud } from "@/api/schema";

export type Numbers = Float32Array | Float64Array | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

export interface CloudLayout {
  /** Points that the blob really holds. */
  points: number;
  /** What the record says. */
  declared: number;
  pagePoints: number;
  pages: number;
  pointBytes: number;
}

const SIZES: Readonly<Record<string, number>> = { f2: 2, f4: 4, f8: 8, u1: 1, i1: 1, b1: 1, u2: 2, i2: 2, u4: 4, i4: 4, u8: 8, i8: 8 };
const LARGEST_COUNT = 2 ** 40;

/** Bytes of one number of a numpy dtype such as "<f4"; throws for one that can't be drawn. */
export function dtypeBytes(dtype: string): number {
  const [, order, type] = /^([<|>=]?)([a-z]\d)$/.exec(dtype) ?? [];
  const size = type === undefined ? undefined : SIZES[type];
  if (size === undefined || order === ">") throw new Error(`The points are kept as “${dtype}”, which this viewer can't read.`);
  return size;
}

export function layoutOf(cloud: PointCloud): CloudLayout {
  const { count, page_points: pagePoints } = cloud;
  if (!Number.isInteger(count) || count < 0 || count > LARGEST_COUNT) throw new Error(`The record says that there are ${count} points.`);
  if (!Number.isInteger(pagePoints) || pagePoints < 1 || pagePoints > LARGEST_COUNT) {
    throw new Error(`The record says that a page has ${pagePoints} points.`);
  }
  let pointBytes = 0;
  for (const { dtype, components, name } of cloud.columns) {
    if (!Number.isInteger(components) || components < 1 || components > 16) {
      throw new Error(`The column “${name}” says that it has ${components} components.`);
    }
    pointBytes += dtypeBytes(dtype) * components;
  }
  const position = cloud.columns.find(({ name }) => name === "position");
  if (position?.components !== 3) throw new Error("The record has no positions of three numbers.");
  // Whole pages are there, and a last one as far as all of its columns are.
  const held = Math.floor(cloud.blob.size_bytes / pointBytes);
  const points = held >= count ? count : Math.floor(held / pagePoints) * pagePoints;
  return { points, declared: count, pagePoints, pages: Math.ceil(points / pagePoints), pointBytes };
}

export interface PageRange {
  /** Of the blob, `end` not included. */
  start: number;
  end: number;
  points: number;
}

export function rangeOf(layout: CloudLayout, firstPage: number, pages: number): PageRange {
  const from = Math.min(layout.points, firstPage * layout.pagePoints);
  const to = Math.min(layout.points, (firstPage + pages) * layout.pagePoints);
  return { start: from * layout.pointBytes, end: to * layout.pointBytes, points: to - from };
}

const FETCH_LIMIT_BYTES = 12 * 1024 * 1024;

/** How many pages to fetch next: twice what is there, within the budget of points; 0 when that is reached. */
export function nextPages(layout: CloudLayout, loadedPages: number, budgetPoints: number): number {
  const wanted = Math.min(layout.pages, Math.ceil(Math.max(1, budgetPoints) / layout.pagePoints));
  const most = Math.max(1, Math.floor(FETCH_LIMIT_BYTES / (layout.pagePoints * layout.pointBytes)));
  return Math.max(0, Math.min(wanted - loadedPages, Math.max(1, loadedPages), most));
}

/** The columns of one page as typed arrays; `bytes` begins at the page. */
export function pageColumns(bytes: ArrayBuffer, offset: number, cloud: PointCloud, points: number): Map<string, Numbers> {
  const found = new Map<string, Numbers>();
  let at = offset;
  for (const { name, dtype, components } of cloud.columns) {
    const length = dtypeBytes(dtype) * components * points;
    if (at + length > bytes.byteLength) throw new Error(`The file ends in the column “${name}”.`);
    found.set(name, numbersFrom(bytes, at, dtype, components * points));
    at += length;
  }
  return found;
}

export function numbersFrom(bytes: ArrayBuffer, offset: number, dtype: string, count: number): Numbers {
  const size = dtypeBytes(dtype);
  if (offset + size * count > bytes.byteLength) throw new Error("The file is shorter than its record says.");
  // Typed arrays want aligned offsets; columns of a page follow one another without padding.
  const isAligned = offset % size === 0;
  const buffer = isAligned ? bytes : bytes.slice(offset, offset + size * count);
  const at = isAligned ? offset : 0;
  switch (dtype.slice(-2)) {
    case "f4": return new Float32Array(buffer, at, count);
    case "f8": return new Float64Array(buffer, at, count);
    case "i1": return new Int8Array(buffer, at, count);
    case "u2": return new Uint16Array(buffer, at, count);
    case "i2": return new Int16Array(buffer, at, count);
    case "u4": return new Uint32Array(buffer, at, count);
    case "i4": return new Int32Array(buffer, at, count);
    case "u8": return Float64Array.from(new BigUint64Array(buffer, at, count), Number);
    case "i8": return Float64Array.from(new BigInt64Array(buffer, at, count), Number);
    case "f2": return Float32Array.from(new Uint16Array(buffer, at, count), halfFromBits);
    default: return new Uint8Array(buffer, at, count);
  }
}

/** IEEE 754 half precision. */
export function halfFromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
