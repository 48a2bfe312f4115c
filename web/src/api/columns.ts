// Decodes "application/x-diorama-columns": u32 LE length of the JSON head, the head (padded with
// spaces to 8 bytes), then float64 LE columns whose byte offsets count from the end of the head.
// The columns are views of the received buffer, never copies.

/** A column's place in the body: byte offset, number of float64s. */
export type ColumnRange = readonly [offset: number, length: number];

export interface Columns<H> {
  head: H;
  column(range: ColumnRange): Float64Array;
}

const HEAD_LENGTH_BYTES = 4;

export function decodeColumns<H>(buffer: ArrayBuffer): Columns<H> {
  if (buffer.byteLength < HEAD_LENGTH_BYTES) {
    throw new RangeError(`column body of ${buffer.byteLength} bytes has no head`);
  }
  const headLength = new DataView(buffer).getUint32(0, true);
  const bodyStart = HEAD_LENGTH_BYTES + headLength;
  if (bodyStart > buffer.byteLength) {
    throw new RangeError(`column head of ${headLength} bytes is cut at ${buffer.byteLength}`);
  }
  const headBytes = new Uint8Array(buffer, HEAD_LENGTH_BYTES, headLength);
  // The fetch edge: the server wrote the head from the struct that H was generated from.
  const head = JSON.parse(new TextDecoder().decode(headBytes)) as H;
  return {
    head,
    column: ([offset, length]) => {
      const start = bodyStart + offset;
      if (start + length * 8 > buffer.byteLength) {
        throw new RangeError(`column of ${length} numbers at ${offset} is cut`);
      }
      // A body that is not aligned (an older server without the padding) is copied once.
      return start % 8 === 0
        ? new Float64Array(buffer, start, length)
        : new Float64Array(buffer.slice(start, start + length * 8));
    },
  };
}
