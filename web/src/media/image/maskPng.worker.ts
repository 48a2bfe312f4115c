/** Decodes masks away from the page's thread: unpacking and unfiltering a large one takes tens of milliseconds. */
import { type GreyImage, decodeGreyPng } from "@/media/image/maskPng";

export interface DecodeJob {
  id: number;
  bytes: Uint8Array;
}

export interface DecodeAnswer {
  id: number;
  image?: GreyImage;
  problem?: string;
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<DecodeJob>) => void) | null;
  postMessage(answer: DecodeAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope; // the DOM library types `self` as a window

scope.onmessage = ({ data }) => {
  void decodeGreyPng(data.bytes).then(
    (image) => scope.postMessage({ id: data.id, image }, [image.values.buffer as ArrayBuffer]),
    (thrown: unknown) => scope.postMessage({ id: data.id, problem: thrown instanceof Error ? thrown.message : String(thrown) }, []),
  );
};
