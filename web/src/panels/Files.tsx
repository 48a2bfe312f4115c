/** Everything that is stored of a run: its files, its media by key, its numbers and its console; preview and download. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { FileView, RunView } from "@/api/schema";
import { formatBytes, formatCount, formatDate } from "@/lib/text/format";
import { nameOfKind } from "@/media/registry";
import { CopyButton } from "@/parts/CopyButton";
import { Icon } from "@/parts/Icon";
import { Link } from "@/panels/Link";
import { MiddleText } from "@/parts/MiddleText";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { fileUrl, openFiles, previewOf } from "@/state/runs/files";
import { StoredMedia } from "@/panels/StoredMedia";
import { runPath } from "@/state/page/route";
import { useScope } from "@/state/scope";
import "@/panels/files.css";

export function Files({ run }: { run: RunView }): JSX.Element {
  const { source, keys: { keys, keysState } } = useScope();
  const files = useMemo(() => openFiles(source, run.uid), [run.uid]);
  useEffect(() => () => files.close(), [files]);
  const wanted = useSignal("");
  const chosen = useSignal<string | null>(null);
  const state = files.state.value;
  if (state.is === "failed") {
    return (
      <main class="page">
        <ErrorState title="The files could not be loaded" error={state.error} onRetry={files.reload} />
      </main>
    );
  }
  const all = state.is === "ready" ? state.files : [];
  const words = wanted.value.trim().toLowerCase();
  const found = all.filter((file) => file.name.toLowerCase().includes(words));
  const media = keys.value.filter((view) => view.kind !== "metric" && view.key.toLowerCase().includes(words));
  const numbers = keys.value.filter((view) => view.kind === "metric").length;
  const isEmpty = state.is === "ready" && keysState.value.is === "ready" && all.length === 0 && keys.value.length === 0;
  if (isEmpty) {
    return (
      <main class="page">
        <EmptyState icon="file" title="Nothing is stored yet">
          Files that the script saves, and everything that it logs, are listed here.
        </EmptyState>
      </main>
    );
  }
  const shown = all.find((file) => `file ${file.name}` === chosen.value) ?? (chosen.value === null ? found[0] : undefined);
  const shownKey = shown
    ? undefined
    : (media.find((view) => `key ${view.key}` === chosen.value) ?? (chosen.value === null ? media[0] : undefined));
  return (
    <main class="files" aria-label="Files">
      <div class="files-list">
        <div class="files-head">
          <TextField
            label="Search files"
            placeholder="Search files"
            icon="search"
            hasClear
            value={wanted.value}
            onInput={(text) => (wanted.value = text)}
          />
          {all.length > 0 && (
            <span class="logs-count">
              {formatCount(all.length, "file")} · {formatBytes(all.reduce((sum, file) => sum + file.size_bytes, 0))}
            </span>
          )}
        </div>
        {state.is === "loading" ? (
          <div class="files-skeleton" aria-busy="true">{Array.from({ length: 5 }, (_, index) => <Skeleton key={index} width="70%" />)}</div>
        ) : (
          <ul class="files-rows">
            {words !== "" && found.length === 0 && media.length === 0 && (
              <EmptyState isSmall title={<>Nothing is called <code>{wanted.value}</code></>} />
            )}
            {found.map((file) => (
              <li key={file.name}>
                <button
                  type="button"
                  class="file-row"
                  aria-current={file === shown}
                  title={`${file.name}\n${file.mime}\n${formatDate(file.time)}`}
                  onClick={() => (chosen.value = `file ${file.name}`)}
                >
                  <Icon name={file.mime.startsWith("image/") ? "image" : "file"} size={14} />
                  <span class="file-name"><MiddleText text={file.name} /></span>
                  <span class="file-size">{formatBytes(file.size_bytes)}</span>
                </button>
              </li>
            ))}
            {media.length > 0 && <li class="files-part">Logged by key</li>}
            {media.map((view) => (
              <li key={`key ${view.key}`}>
                <button
                  type="button"
                  class="file-row"
                  aria-current={view === shownKey}
                  title={`${view.key}\n${nameOfKind(view.kind)}`}
                  onClick={() => (chosen.value = `key ${view.key}`)}
                >
                  <Icon name={view.kind === "image" ? "image" : view.kind === "histogram" ? "chart" : "file"} size={14} />
                  <span class="file-name"><MiddleText text={view.key} /></span>
                  <span class="file-size">{formatCount(view.runs.reduce((sum, one) => sum + one.count, 0), "step")}</span>
                </button>
              </li>
            ))}
            {words === "" && (
              <>
                <li class="files-part">Data</li>
                <li>
                  <DataLink
                    href={source.url(`api/runs/${run.uid}/history`)}
                    name="history.ndjson"
                    note={formatCount(numbers, "metric")}
                    label="Every row that was logged, one JSON object a line"
                  />
                </li>
                <li>
                  <Link
                    class="file-row"
                    path={runPath(run, "logs")}
                  >
                    <Icon name="wrap" size={14} /><span class="file-name">Console</span><span class="file-size">in Logs</span>
                  </Link>
                </li>
              </>
            )}
          </ul>
        )}
      </div>
      {shown ? (
        <FilePreview key={shown.sha256 + shown.name} run={run} file={shown} />
      ) : shownKey ? (
        <StoredMedia key={shownKey.key} run={run} keyView={shownKey} />
      ) : (
        <div class="file-view" />
      )}
    </main>
  );
}

function DataLink({ href, name, note, label }: { href: string; name: string; note: string; label: string }): JSX.Element {
  return (
    <a class="file-row" href={href} download={name} title={label}>
      <Icon name="download" size={14} />
      <span class="file-name">{name}</span>
      <span class="file-size">{note}</span>
    </a>
  );
}

function FilePreview({ run, file }: { run: RunView; file: FileView }): JSX.Element {
  const { source } = useScope();
  const [attempt, setAttempt] = useState(0);
  const preview = useMemo(() => previewOf(source, file), [file.sha256, file.name, attempt]).value;
  return (
    <section class="file-view" aria-label={file.name}>
      <div class="file-head">
        <b class="file-title"><MiddleText text={file.name} /></b>
        <span class="logs-count">{formatBytes(file.size_bytes)} · {file.mime}</span>
        <div class="top-space" />
        {preview.is === "text" && <CopyButton text={preview.text} label="Copy the text" />}
        <a class="button" href={fileUrl(source, run.uid, file.name)} download={file.name.split("/").at(-1)}>
          <Icon name="download" size={14} /> Download
        </a>
      </div>
      <div class="file-body">
        {preview.is === "loading" && <div class="files-skeleton"><Skeleton width="60%" /><Skeleton width="40%" /></div>}
        {preview.is === "failed" && (
          <ErrorState isSmall title="The file could not be loaded" error={preview.error} onRetry={() => setAttempt(attempt + 1)} />
        )}
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
