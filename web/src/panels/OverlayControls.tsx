/** Masks, boxes, polygons, keypoints and classes of everything on the page: each control acts on all tiles at once. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import {
  type CaptionMode,
  EYE_OF_KIND,
  type LayerKind,
  isClassVisible,
  layerKey,
  layerOf,
  own,
  withClasses,
  withColor,
  withLayer,
  withSolo,
} from "@/lib/image/overlayState";
import { ScoreFilter } from "@/panels/ScoreFilter";
import { Button, IconButton } from "@/parts/Button";
import { Slider } from "@/parts/Slider";
import { TextField } from "@/parts/TextField";
import { Choice } from "@/parts/Toggle";
import { Icon } from "@/parts/Icon";
import { type ClassEntry, type MaskLayerEntry, type ShapeLayerEntry, passingCount } from "@/state/overlays/overlayIndex";
import { classColor } from "@/state/page/classColors";
import { useScope } from "@/state/scope";

export function OverlayControls(): JSX.Element {
  const { overlayIndex: { overlayIndex }, pageImages: { pageImages } } = useScope();
  const index = overlayIndex.value;
  if (index.maskLayers.length === 0 && index.shapeLayers.length === 0) {
    if (pageImages.value.isPartial) return <p class="inspector-empty">Looking at the pictures of this page.</p>;
    return <p class="inspector-empty">The pictures on this page have no masks, boxes, polygons or keypoints.</p>;
  }
  const maskNames = index.maskLayers.map(({ name }) => name);
  // Layers often share their classes: a list that says nothing new is folded at first.
  const seen = new Set<string>();
  const hasNews = (classes: readonly ClassEntry[]): boolean => {
    const isNew = classes.some(({ name }) => !seen.has(name));
    for (const { name } of classes) seen.add(name);
    return isNew;
  };
  return (
    <>
      <SoloNote />
      {index.maskLayers.map((layer) => (
        <MaskLayerControls key={layer.name} layer={layer} all={maskNames} hasNews={hasNews(layer.classes)} />
      ))}
      {index.shapeLayers.map((layer) => (
        <ShapeLayerControls
          key={layerKey(layer.kind, layer.name)}
          layer={layer}
          beside={index.shapeLayers.filter(({ kind }) => kind === layer.kind).map(({ name }) => name)}
          hasNews={hasNews(layer.classes)}
        />
      ))}
      {index.shapeLayers.length > 0 && <CaptionChoice />}
    </>
  );
}

function SoloNote(): JSX.Element | null {
  const { changeOverlays, overlays } = useScope().overlays;
  const { solo } = overlays.value;
  if (solo.length === 0) return null;
  return (
    <p class="classes-solo">
      only {solo.join(", ")}
      <Button look="plain" onClick={() => changeOverlays((state) => ({ ...state, solo: [] }))}>show all</Button>
    </p>
  );
}

function MaskLayerControls({ layer, all, hasNews }: { layer: MaskLayerEntry; all: readonly string[]; hasNews: boolean }): JSX.Element {
  const { changeOverlays, overlays } = useScope().overlays;
  const { name } = layer;
  const look = layerOf(overlays.value, "mask", name, all);
  const percent = Math.round(look.opacity * 100);
  return (
    <div class={`layer${look.isVisible ? "" : " layer-off"}`}>
      <div class="layer-head">
        <LayerEye kind="mask" name={name} label={`the mask ${name}`} />
        <span class="layer-name truncate" title={`mask ${name}`}>
          {name}
        </span>
        <span class="layer-note">{percent} %</span>
        <Choice
          label={`How to draw ${name}`}
          value={look.style}
          options={[
            { value: "fill", label: "fill", title: "Fill the classes" },
            { value: "outline", label: "line", title: "Only their outlines" },
          ]}
          onChange={(style) => changeOverlays((state) => withLayer(state, "mask", name, { style }))}
        />
      </div>
      <Slider
        label={`Opacity of ${name}`}
        value={look.opacity}
        min={0}
        max={1}
        step={0.01}
        text={`${percent} %`}
        onInput={(opacity) => changeOverlays((state) => withLayer(state, "mask", name, { opacity }))}
      />
      <ClassList of={name} classes={layer.classes} textOf={percentText} isOpenByItself={hasNews} />
    </div>
  );
}

/** Shows and hides a layer; showing it also opens the one eye of its kind. */
function LayerEye({ kind, name, label }: { kind: LayerKind; name: string; label: string }): JSX.Element {
  const { changeOverlays, overlays } = useScope().overlays;
  const state = overlays.value;
  const eye = EYE_OF_KIND[kind];
  const isOn = (own(state.layers, layerKey(kind, name))?.isVisible ?? true) && state[eye];
  return (
    <Eye
      isOn={isOn}
      label={label}
      onChange={(isVisible) => changeOverlays((now) => ({ ...withLayer(now, kind, name, { isVisible }), [eye]: now[eye] || isVisible }))}
    />
  );
}

const PLURALS = { box: "boxes", polygon: "polygons", keypoint: "keypoints" } as const;

function ShapeLayerControls({
  layer,
  beside,
  hasNews,
}: {
  layer: ShapeLayerEntry;
  beside: readonly string[];
  hasNews: boolean;
}): JSX.Element {
  const { changeOverlays, overlays } = useScope().overlays;
  const { kind, name, shapes } = layer;
  const state = overlays.value;
  const look = layerOf(state, kind, name, beside);
  const passing = passingCount(layer, state);
  const percent = Math.round(look.opacity * 100);
  const title = `${PLURALS[kind]} ${name}`;
  return (
    <div class={`layer${look.isVisible ? "" : " layer-off"}`}>
      <div class="layer-head">
        <LayerEye kind={kind} name={name} label={`the ${title}`} />
        <span class="layer-name truncate" title={title}>
          {name}
        </span>
        <span class="layer-note">
          {PLURALS[kind]} · {passing === shapes.length ? passing : `${passing} of ${shapes.length}`}
        </span>
        {kind === "polygon" && (
          <Choice
            label={`How to draw ${name}`}
            value={look.style}
            options={[
              { value: "fill", label: "fill", title: "Fill the polygons" },
              { value: "outline", label: "line", title: "Only their outlines" },
            ]}
            onChange={(style) => changeOverlays((now) => withLayer(now, kind, name, { style }))}
          />
        )}
      </div>
      {kind === "polygon" && look.style === "fill" && (
        <Slider
          label={`Opacity of ${name}`}
          value={look.opacity}
          min={0}
          max={1}
          step={0.01}
          text={`${percent} %`}
          onInput={(opacity) => changeOverlays((now) => withLayer(now, kind, name, { opacity }))}
        />
      )}
      {layer.scores.map((stats) => (
        <ScoreFilter key={stats.name} kind={kind} layer={name} stats={stats} range={own(look.scores, stats.name) ?? [null, null]} />
      ))}
      <ClassList of={name} classes={layer.classes} textOf={String} isOpenByItself={hasNews} />
    </div>
  );
}

function CaptionChoice(): JSX.Element {
  const { changeOverlays, overlays } = useScope().overlays;
  return (
    <div class="layer-row">
      <span class="layer-note">captions</span>
      <Choice<CaptionMode>
        label="Captions of boxes, polygons and keypoints"
        value={overlays.value.captions}
        options={[
          { value: "auto", label: "auto", title: "On tiles that are large enough" },
          { value: "on", label: "on" },
          { value: "off", label: "off" },
        ]}
        onChange={(captions) => changeOverlays((state) => ({ ...state, captions }))}
      />
    </div>
  );
}

const SEARCH_FROM = 9;
const ROWS_LIMIT = 200; // single things are numbered by the thousand: the rest is found by searching

interface ClassListProps {
  /** The layer. */
  of: string;
  classes: readonly ClassEntry[];
  textOf: (amount: number) => string;
  isOpenByItself: boolean;
}

/** The classes of one layer, with what each has of it. */
function ClassList({ of: layer, classes, textOf, isOpenByItself }: ClassListProps): JSX.Element | null {
  const { changeOverlays } = useScope().overlays;
  // Layers come as pictures are decoded, in any order: what is open by itself depends on those that are there.
  const [chosen, setChosen] = useState<boolean>();
  const isOpen = chosen ?? isOpenByItself;
  const [search, setSearch] = useState("");
  if (classes.length === 0) return null;
  const wanted = search.trim().toLowerCase();
  const found = isOpen ? classes.filter(({ name }) => name.toLowerCase().includes(wanted)) : [];
  const names = found.map(({ name }) => name);
  const count =
    wanted === "" ? `${classes.length} ${classes.length === 1 ? "class" : "classes"}` : `${found.length} of ${classes.length} classes`;
  return (
    <div class="classes">
      <div class="classes-head">
        <button
          type="button"
          class="classes-fold layer-note"
          aria-expanded={isOpen}
          aria-label={`Classes of ${layer}`}
          onClick={() => setChosen(!isOpen)}
        >
          <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={11} />
          {count}
        </button>
        {isOpen && (
          <>
            <Button
              look="plain"
              label={wanted === "" ? "Show all classes" : "Show the classes found"}
              onClick={() => changeOverlays((state) => withClasses(state, names, true))}
            >
              all
            </Button>
            <Button
              look="plain"
              label={wanted === "" ? "Hide all classes" : "Hide the classes found"}
              onClick={() => changeOverlays((state) => withClasses(state, names, false))}
            >
              none
            </Button>
          </>
        )}
      </div>
      {isOpen && classes.length >= SEARCH_FROM && (
        <TextField label="Search classes" icon="search" placeholder="Search classes" value={search} hasClear onInput={setSearch} />
      )}
      {isOpen && (
        <ul class="classes-list" tabIndex={found.length > 12 ? 0 : -1} aria-label={`Classes of ${layer}`}>
          {found.slice(0, ROWS_LIMIT).map((entry) => (
            <ClassRow key={entry.name} entry={entry} text={entry.amount > 0 ? textOf(entry.amount) : "–"} />
          ))}
        </ul>
      )}
      {found.length > ROWS_LIMIT && (
        <p class="inspector-empty">
          {ROWS_LIMIT} of {found.length.toLocaleString("en")} shown. Search for a name or a number to see others.
        </p>
      )}
      {isOpen && found.length === 0 && <p class="inspector-empty">No class matches “{search}”.</p>}
    </div>
  );
}

function ClassRow({ entry, text }: { entry: ClassEntry; text: string }): JSX.Element {
  const { changeOverlays, overlays } = useScope().overlays;
  const state = overlays.value;
  const { name, id } = entry;
  const isVisible = isClassVisible(state, name);
  const color = classColor(state, name, id);
  const solo = (isAdding: boolean): void => changeOverlays((now) => withSolo(now, name, isAdding));
  return (
    <li class={`class-row${isVisible ? "" : " class-off"}`}>
      <Eye
        isOn={isVisible}
        label={`${name} (Alt-click: only this class)`}
        onChange={(isOn, isSolo, isAdding) => (isSolo ? solo(isAdding) : changeOverlays((now) => withClasses(now, [name], isOn)))}
      />
      <Swatch name={name} color={color} isChosen={own(state.colors, name) !== undefined} />
      <button
        type="button"
        class="class-name truncate"
        title={`${name}${id === null ? "" : ` · id ${id}`}\nClick: only this class`}
        onClick={(event) => solo(event.shiftKey)}
      >
        {name}
      </button>
      <span class="class-number">{text}</span>
    </li>
  );
}

function percentText(share: number): string {
  const percent = share * 100;
  return `${percent >= 99.95 ? "100" : percent < 0.05 && percent > 0 ? "<0.1" : percent.toFixed(1)} %`;
}

function Swatch({ name, color, isChosen }: { name: string; color: string; isChosen: boolean }): JSX.Element {
  const { changeOverlays } = useScope().overlays;
  const field = useRef<HTMLInputElement>(null);
  return (
    <span class="swatch" style={{ "--class": color }}>
      <input
        ref={field}
        type="color"
        value={color}
        aria-label={`Colour of ${name}`}
        title={isChosen ? "Change the colour (right-click: its own again)" : "Change the colour"}
        onInput={(event) => {
          const chosen = event.currentTarget.value;
          changeOverlays((state) => withColor(state, name, chosen));
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          changeOverlays((state) => withColor(state, name, null));
        }}
      />
    </span>
  );
}

function Eye({
  isOn,
  label,
  onChange,
}: {
  isOn: boolean;
  label: string;
  onChange: (isOn: boolean, isSolo: boolean, isAdding: boolean) => void;
}): JSX.Element {
  return (
    <IconButton
      icon={isOn ? "eye" : "eyeOff"}
      size={14}
      label={`${isOn ? "Hide" : "Show"} ${label}`}
      isPressed={isOn}
      onClick={(event) => onChange(!isOn, event.altKey, event.altKey && event.shiftKey)}
    />
  );
}
