/** The files of a run: list, preview of text and pictures, download. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { FileView, RunView } from "@/api/schema";
import { CopyButton } from "@/parts/CopyButton";
import { formatBytes, formatCount, formatDate } from "@/parts/format";
import { Icon } from "@/parts/Icon";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { fileUrl, openFiles, previewOf } from "@/state/files";
import "@/panels/files.css";

export function Files({ run }: { run: RunView }): JSX.Element {
  const files = useMemo(() => openFiles(run.uid), [run.uid]);
  useEffect(() => () => files.close(), [files]);
  const wanted = useSignal("");
  const chosen = useSignal<string | null>(null);
  const state = files.state.value;
  if (state.is === "failed") return <main class="page"><ErrorState title="The files could not be loaded" error={state.error} onRetry={files.reload} /></main>;
  if (state.is === "ready" && state.files.length === 0) {
    return <main class="page"><EmptyState icon="file" title="The run has no files">Files that the script saves with the run are listed here.</EmptyState></main>;
  }
  const all = state.is === "ready" ? state.files : [];
  const found = all.filter((file) => file.name.toLowerCase().includes(wanted.value.trim().toLowerCase()));
  const shown = all.find((file) => file.name === chosen.value) ?? found[0];
  return (
    <main class="files" aria-label="Files">
      <div class="files-list">
        <div class="files-head">
          <TextField label="Search files" placeholder="Search files" icon="search" hasClear value={wanted.value} onInput={(text) => (wanted.value = text)} />
          <span class="logs-count">
            {formatCount(all.length, "file")} · {formatBytes(all.reduce((sum, file) => sum + file.size_bytes, 0))}
          </span>
        </div>
        {state.is === "loading" ? (
          <div class="files-skeleton" aria-busy="true">{Array.from({ length: 5 }, (_, index) => <Skeleton key={index} width="70%" />)}</div>
        ) : found.length === 0 ? (
          <EmptyState isSmall title={<>No file is called <code>{wanted.value}</code></>} />
        ) : (
          <ul class="files-rows">
            {found.map((file) => (
              <li key={file.name}>
                <button type="button" class="file-row" aria-current={file === shown} title={`${file.name}\n${file.mime}\n${formatDate(file.time)}`} onClick={() => (chosen.value = file.name)}>
                  <Icon name={file.mime.startsWith("image/") ? "image" : "file"} size={14} />
                  <span class="truncate file-name">{file.name}</span>
                  <span class="file-size">{formatBytes(file.size_bytes)}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {shown ? <FilePreview key={shown.sha256 + shown.name} run={run} file={shown} /> : <div class="file-view" />}
    </main>
  );
}

function FilePreview({ run, file }: { run: RunView; file: FileView }): JSX.Element {
  const preview = useMemo(() => previewOf(file), [file.sha256, file.name]).value;
  return (
    <section class="file-view" aria-label={file.name}>
      <div class="file-head">
        <b class="truncate" title={file.name}>{file.name}</b>
        <span class="logs-count">{formatBytes(file.size_bytes)} · {file.mime}</span>
        <div class="top-space" />
        {preview.is === "text" && <CopyButton text={preview.text} label="Copy the text" />}
        <a class="button" href={fileUrl(run.uid, file.name)} download={file.name.split("/").at(-1)}>
          <Icon name="download" size={14} /> Download
        </a>
      </div>
      <div class="file-body">
        {preview.is === "loading" && <div class="files-skeleton"><Skeleton width="60%" /><Skeleton width="40%" /></div>}
        {preview.is === "failed" && <ErrorState isSmall title="The file could not be loaded" error={preview.error} />}
        {preview.is === "none" && <EmptyState icon="file" title="No preview for this kind of file">Download it to open it.</EmptyState>}
        {preview.is === "picture" && <img class="file-picture" src={preview.url} alt={file.name} />}
        {preview.is === "text" && (
          <>
            {preview.isCut && <p class="file-note">The first {formatBytes(256 * 1024)} of {formatBytes(file.size_bytes)} are shown.</p>}
            <pre class="file-text">{preview.text === "" ? "The file is empty." : preview.text}</pre>
          </>
        )}
      </div>
    </section>
  );
}
