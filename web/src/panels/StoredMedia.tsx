/** What a run has logged under one key, as files: the items of a step, each with its original. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeyView, RunView } from "@/api/schema";
import { exactText, formatCount, formatNumber } from "@/lib/text/format";
import { PreparedCard } from "@/media/PreparedCard";
import { isKnown, isRecord, nameOfKind, viewOfRecord } from "@/media/registry";
import { cardBox } from "@/media/table/geometry";
import { IconButton } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { MiddleText } from "@/parts/MiddleText";
import { ErrorState, Skeleton } from "@/parts/States";
import { useScope } from "@/state/scope";

const SIDE_PX = 220;
const ITEMS_MOST = 60;

export function StoredMedia({ run, keyView }: { run: RunView; keyView: KeyView }): JSX.Element {
  const { trackOf } = useScope().tracks;
  const { key } = keyView;
  const [chosen, setChosen] = useState<number | null>(null);
  const steps = trackOf(run.uid, key)?.steps ?? new Float64Array(0);
  const at = chosen ?? steps.length - 1;
  const step = steps[at];
  return (
    <section class="file-view" aria-label={key}>
      <div class="file-head">
        <b>
          <MiddleText text={key} />
        </b>
        <span class="logs-count">
          {nameOfKind(keyView.kind)} · {formatCount(steps.length, "step")}
        </span>
        <div class="top-space" />
        <IconButton icon="chevronLeft" label="Step before" isDisabled={at <= 0} onClick={() => setChosen(at - 1)} />
        <span>{step === undefined ? "" : `step ${formatNumber(step)}`}</span>
        <IconButton icon="chevronRight" label="Next step" isDisabled={at + 1 >= steps.length} onClick={() => setChosen(at + 1)} />
      </div>
      <div class="file-body">
        {step === undefined ? (
          <div class="files-skeleton">
            <Skeleton width="60%" />
          </div>
        ) : (
          <Items run={run.uid} keyName={key} step={step} />
        )}
      </div>
    </section>
  );
}

function Items({ run, keyName, step }: { run: number; keyName: string; step: number }): JSX.Element {
  const { cellAt } = useScope().cells;
  const state = cellAt(run, keyName, step).value;
  if (state.is === "failed") return <ErrorState isSmall title="It could not be loaded" error={state.error} />;
  if (state.is === "loading") return <div class="files-skeleton" aria-busy="true"><Skeleton width="60%" /></div>;
  const { items } = state.cell;
  if (items.length === 0) return <p class="file-note">Nothing is stored at this step.</p>;
  return (
    <>
      {items.length > ITEMS_MOST && (
        <p class="file-note">
          The first {ITEMS_MOST} of {formatCount(items.length, "item")} are shown.
        </p>
      )}
      <div class="stored">
        {items.slice(0, ITEMS_MOST).map((item, at) => (
          <StoredItem key={at} item={item} name={`${keyName}-${step}-${at}`} />
        ))}
      </div>
    </>
  );
}

function StoredItem({ item, name }: { item: unknown; name: string }): JSX.Element {
  const { source } = useScope();
  if (!isRecord(item)) return <pre class="file-text">{exactText(item)}</pre>;
  const view = isKnown(item) ? viewOfRecord(item) : null;
  const file = isKnown(item) ? (view?.file?.(item) ?? null) : null;
  const box = cardBox(isKnown(item) && view ? view.aspect(item) : null, SIDE_PX, SIDE_PX);
  const isText = isKnown(item) && view?.tile === "fill";
  return (
    <figure class={`stored-item${isText ? " stored-wide" : ""}`}>
      <div style={isText ? { height: `${SIDE_PX}px` } : { width: `${box.width}px`, height: `${box.height}px` }}>
        <PreparedCard record={item} size="cell" box={isText ? { width: 560, height: SIDE_PX } : box} />
      </div>
      {file && (
        <a class="button button-normal" href={source.blobUrl(file.sha256)} download={file.name.includes(".") ? file.name : name}>
          <Icon name="download" size={13} />
          Original
        </a>
      )}
    </figure>
  );
}
