/**
 * Fetches and decodes pictures, masks and true values away from the page's thread, so that scrubbing through hundreds of them
 * leaves it free to draw.
 */
import { type GreyImage, decodeGreyPng } from "@/media/image/maskPng";
import { type ValueGrid, decodeValues } from "@/media/image/values";

export interface DecodeJob {
  id: number;
  what: "picture" | "mask" | "values";
  url: string;
}

export interface DecodeAnswer {
  id: number;
  bitmap?: ImageBitmap;
  image?: GreyImage;
  grid?: ValueGrid;
  /** HTTP status when the file could not be fetched; 0 when no answer came. */
  status?: number;
  problem?: string;
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<DecodeJob>) => void) | null;
  postMessage(answer: DecodeAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope; // the DOM library types `self` as a window

scope.onmessage = ({ data }) => {
  void answer(data).then(({ id, ...found }) => {
    const numbers = found.image?.values ?? found.grid?.values;
    scope.postMessage({ id, ...found }, found.bitmap ? [found.bitmap] : numbers ? [numbers.buffer as ArrayBuffer] : []);
  });
};

async function answer({ id, what, url }: DecodeJob): Promise<DecodeAnswer> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", headers: { "X-Diorama": "1" } });
  } catch (thrown) {
    return { id, status: 0, problem: wordsOf(thrown) };
  }
  if (!response.ok) return { id, status: response.status, problem: response.statusText };
  try {
    if (what === "mask") return { id, image: await decodeGreyPng(new Uint8Array(await response.arrayBuffer())) };
    if (what === "values") return { id, grid: await decodeValues(new Uint8Array(await response.arrayBuffer())) };
    return { id, bitmap: await createImageBitmap(await response.blob(), { colorSpaceConversion: "none" }) };
  } catch (thrown) {
    return { id, problem: wordsOf(thrown) };
  }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
