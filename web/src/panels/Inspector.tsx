/** The right side: the overlays of the whole page, and everything known of the selected tile. */
import type { ComponentChildren, JSX } from "preact";
import { isImage } from "@/lib/image/isImage";
import { DEFAULT_OVERLAYS } from "@/lib/image/overlayState";
import { axisName, formatPosition } from "@/lib/text/axisFormat";
import { formatDate, formatNumber } from "@/lib/text/format";
import { isKnown, viewOfRecord } from "@/media/registry";
import type { Fact } from "@/media/view";
import { Button, IconButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { Icon } from "@/parts/Icon";
import { OverlayControls } from "@/panels/OverlayControls";
import { ShapeList } from "@/panels/ShapeList";
import { captionOf } from "@/panels/MediaTile";
import { foldedInspector } from "@/state/page/layout";
import { flush } from "@/state/page/url";
import { type ShownItem, type TileRef, sampleOf } from "@/state/media/tile";
import { useScope } from "@/state/scope";
import "@/panels/inspector.css";

export function Inspector(): JSX.Element {
  const { overlayIndex: { hasPictures, overlayScope }, overlays: { areOverlaysChanged, overlays } } = useScope();
  return (
    <div class="inspector">
      {hasPictures.value && (
        <Section
          name="Overlays"
          note={overlayScope.value}
          action={areOverlaysChanged.value && (
            <IconButton icon="reset" size={14} label="Reset all overlays" onClick={() => (overlays.value = DEFAULT_OVERLAYS)} />
          )}
        >
          <OverlayControls />
        </Section>
      )}
      <Section name="Selected tile"><SelectedTile /></Section>
    </div>
  );
}

function Section({
  name,
  note,
  action,
  children,
}: {
  name: string;
  note?: string;
  action?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  const isOpen = !foldedInspector.value.has(name);
  const toggle = (): void => {
    const next = new Set(foldedInspector.peek());
    if (isOpen) next.add(name);
    else next.delete(name);
    foldedInspector.value = next;
  };
  return (
    <section class="inspector-section" aria-label={name}>
      <h2 class="inspector-head">
        <button type="button" aria-expanded={isOpen} onClick={toggle}>
          <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={12} />
          {name}
        </button>
        {note !== undefined && <span class="inspector-note">{note}</span>}
        {action}
      </h2>
      {isOpen && children}
    </section>
  );
}

function SelectedTile(): JSX.Element {
  const { missing: { whyNotThere }, runs: { runColor, runOf }, selection: { selected, selectedItem } } = useScope();
  const tile = selected.value;
  if (!tile) return <p class="inspector-empty">Click a tile to see what it is. Double-click, or Enter, shows it large.</p>;
  const shown = selectedItem.value;
  const run = runOf(tile.run);
  return (
    <>
      <dl class="facts">
        <FactRow
          name="run"
          value={
            <span class="fact-run" style={{ "--run": runColor(tile.run) }}>
              {run?.name ?? `run ${tile.run}`}
            </span>
          }
          title={run?.id ?? ""}
        />
        <FactRow name="key" value={`${tile.key}${shown === null || shown.cell.is_list ? `[${tile.index}]` : ""}`} />
        {shown ? (
          <ShownFacts shown={shown} />
        ) : (
          <FactRow name="state" value={whyNotThere(tile) ?? "not in sight, or nothing at this step"} />
        )}
        {shown && isImage(shown.item) && <PixelRow />}
      </dl>
      {shown && isImage(shown.item) && <ShapeList record={shown.item} />}
      {shown && <TileActions tile={tile} shown={shown} />}
    </>
  );
}

function ShownFacts({ shown }: { shown: ShownItem }): JSX.Element {
  const { axis } = useScope().clock;
  const { item, cell } = shown;
  const sample = sampleOf(item);
  const caption = captionOf(shown);
  const facts: Fact[] = isKnown(item) ? viewOfRecord(item).facts(item) : [];
  const asked = shown.askedAt === null
    ? "asked for the newest"
    : `asked ${axis.value === "step" ? "" : `${axisName(axis.value)} `}${formatPosition(axis.value, shown.askedAt)}`;
  return (
    <>
      {sample !== null && <FactRow name="sample" value={<SampleFact sample={sample} />} title={sample} />}
      {caption !== "" && <FactRow name="caption" value={caption} />}
      <FactRow name="step" value={<>{formatNumber(cell.step)}{shown.isOtherStep && <span class="fact-warn"> ({asked})</span>}</>} />
      {cell.attempts > 1 && <FactRow name="logged" value={`${cell.attempts} times at this step; the newest is shown`} />}
      {cell.time !== null && <FactRow name="time" value={formatDate(cell.time)} />}
      {facts.map((fact) => <FactRow key={fact.name} {...fact} />)}
    </>
  );
}

/** The sample's id, and the way to see only it in every list. */
function SampleFact({ sample }: { sample: string }): JSX.Element {
  const { followedSample } = useScope().selection;
  const isFollowed = followedSample.value === sample;
  return (
    <span class="fact-sample">
      <span class="truncate">{sample}</span>
      <Button
        look="plain"
        label={isFollowed ? "Show all samples again" : "Follow this sample: show only it in every list, over steps and runs"}
        isPressed={isFollowed}
        onClick={() => (followedSample.value = isFollowed ? "" : sample)}
      >
        {isFollowed ? "Following" : "Follow"}
      </Button>
    </span>
  );
}

function PixelRow(): JSX.Element {
  const { probe } = useScope().probe;
  const here = probe.value;
  return (
    <FactRow
      name="pixel"
      value={
        here ? (
          <>
            {here.x}, {here.y} · ({here.channels?.join(", ") ?? "…"})
            {here.classes.map(({ layer, name }) => <span key={layer} class="fact-line">{name} <span class="fact-dim">{layer}</span></span>)}
            {here.boxes.map(({ layer, text }, at) => (
              <span key={`${layer}${at}`} class="fact-line">{text} <span class="fact-dim">{layer}</span></span>
            ))}
          </>
        ) : (
          <span class="fact-dim">point at a picture</span>
        )
      }
    />
  );
}

function TileActions({ tile, shown }: { tile: TileRef; shown: ShownItem }): JSX.Element {
  const { source, selection: { isFull, openFull } } = useScope();
  const { item } = shown;
  const file = isKnown(item) ? (viewOfRecord(item).file?.(item) ?? null) : null;
  const stem = `${tile.key}-step${shown.cell.step}-${tile.index}`.replace(/[^\w.-]+/g, "_");
  return (
    <div class="inspector-actions">
      {!isFull.value && <Button icon="expand" onClick={() => openFull(tile)}>Full view</Button>}
      {file && (
        <a
          class="button button-normal"
          href={source.blobUrl(file.sha256)}
          download={file.name.includes(".") && file.name.startsWith("image.") ? `${stem}${file.name.slice(5)}` : file.name}
        >
          <Icon name="download" size={14} />
          <span class="button-text">Original</span>
        </a>
      )}
      <CopyButton icon="link" label="Copy the link to this tile" text={linkHere} />
      <CopyButton label="Copy the record as JSON" text={() => JSON.stringify(item, null, 2)} />
    </div>
  );
}

function linkHere(): string {
  flush();
  return location.href;
}

function FactRow({ name, value, title }: Fact): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd title={title ?? (typeof value === "string" ? value : undefined)}>{value}</dd>
    </>
  );
}
