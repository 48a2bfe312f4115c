/** The files of a run, and what can be shown of one. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import type { Source } from "@/api/source";
import type { FileList, FileView } from "@/api/schema";
import { onLive } from "@/state/server/live";

const PREVIEW_BYTES = 256 * 1024;
const REFRESH_MS = 2_000;
const TEXT_ENDINGS = [
  "txt|log|md|rst|csv|tsv|json|jsonl|ya?ml|toml|ini|cfg|py|ipynb|js|ts|tsx|css|html?|xml|svg|sh|c|h|cc|cpp|cu|rs|go",
  "java|sql|diff|patch|tex|env|lock",
].join("|");
const TEXT_NAMES = new RegExp(`\\.(${TEXT_ENDINGS})$|(^|\\/)(makefile|dockerfile|license|readme|requirements)[^/]*$`, "i");
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"]);

export type FilesState = { is: "loading" } | { is: "ready"; files: FileView[] } | { is: "failed"; error: ApiError };

export interface RunFiles {
  state: ReadonlySignal<FilesState>;
  reload: () => void;
  close: () => void;
}

export function openFiles(source: Source, uid: number): RunFiles {
  const state = signal<FilesState>({ is: "loading" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const load = async (): Promise<void> => {
    try {
      const list = await source.getJson<FileList>(`api/runs/${uid}/files`);
      state.value = { is: "ready", files: list.files };
    } catch (thrown) {
      if (state.peek().is !== "ready") state.value = { is: "failed", error: apiErrorFrom(thrown) };
    }
  };
  const stop = onLive((event) => {
    if (!event.runs.some((run) => run.uid === uid)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void load();
    }, REFRESH_MS);
  });
  void load();
  return {
    state,
    reload: () => void load(),
    close: () => {
      clearTimeout(timer);
      stop();
    },
  };
}

/** Where a file is downloaded from. */
export function fileUrl(source: Source, uid: number, name: string): string {
  return source.url(`api/runs/${uid}/files/${name.split("/").map(encodeURIComponent).join("/")}`);
}

export type Preview =
  | { is: "loading" }
  | { is: "text"; text: string; isCut: boolean }
  | { is: "picture"; url: string }
  | { is: "none" }
  | { is: "failed"; error: ApiError };

/** How a file can be shown; text is fetched up to a limit, never run. */
export function previewOf(source: Source, file: FileView): ReadonlySignal<Preview> {
  if (PICTURES.has(file.mime)) return signal<Preview>({ is: "picture", url: source.blobUrl(file.sha256) });
  const isText = file.mime.startsWith("text/") || /json|xml|yaml|toml|javascript/.test(file.mime) || TEXT_NAMES.test(file.name);
  if (!isText) return signal<Preview>({ is: "none" });
  if (file.size_bytes === 0) return signal<Preview>({ is: "text", text: "", isCut: false });
  const preview = signal<Preview>({ is: "loading" });
  void (async () => {
    try {
      const headers = { Range: `bytes=0-${PREVIEW_BYTES - 1}` };
      const response = await source.request("GET", `api/blobs/${file.sha256}`, undefined, { headers });
      const text = new TextDecoder().decode((await response.arrayBuffer()).slice(0, PREVIEW_BYTES));
      preview.value = text.includes("\u0000") ? { is: "none" } : { is: "text", text, isCut: file.size_bytes > PREVIEW_BYTES };
    } catch (thrown) {
      preview.value = { is: "failed", error: apiErrorFrom(thrown) };
    }
  })();
  return preview;
}
