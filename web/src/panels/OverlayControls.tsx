/** Masks, boxes, polygons, keypoints and classes of everything on the page: each control acts on all tiles at once. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { ScoreFilter } from "@/panels/ScoreFilter";
import { Button, IconButton } from "@/parts/Button";
import { Slider } from "@/parts/Slider";
import { TextField } from "@/parts/TextField";
import { Choice } from "@/parts/Toggle";
import { type ClassEntry, type ShapeLayerEntry, overlayIndex, passingCount } from "@/state/overlayIndex";
import { changeOverlays, classColor, overlays } from "@/state/overlays";
import { type CaptionMode, EYE_OF_KIND, type LayerKind, isClassVisible, layerKey, layerOf, own, withClasses, withColor, withLayer, withSolo } from "@/state/overlayState";

export function OverlayControls(): JSX.Element {
  const index = overlayIndex.value;
  if (index.maskLayers.length === 0 && index.shapeLayers.length === 0) {
    return <p class="inspector-empty">The pictures on this page have no masks, boxes, polygons or keypoints.</p>;
  }
  return (
    <>
      {index.maskLayers.map((name) => <MaskLayerControls key={name} name={name} all={index.maskLayers} />)}
      {index.shapeLayers.map((layer) => <ShapeLayerControls key={layerKey(layer.kind, layer.name)} layer={layer} beside={index.shapeLayers.filter(({ kind }) => kind === layer.kind).map(({ name }) => name)} />)}
      {index.shapeLayers.length > 0 && <CaptionChoice />}
      <ClassList classes={index.classes} layers={index.maskLayers} hasShapes={index.shapeLayers.length > 0} />
    </>
  );
}

function MaskLayerControls({ name, all }: { name: string; all: readonly string[] }): JSX.Element {
  const look = layerOf(overlays.value, "mask", name, all);
  const percent = Math.round(look.opacity * 100);
  return (
    <div class={`layer${look.isVisible ? "" : " layer-off"}`}>
      <div class="layer-head">
        <LayerEye kind="mask" name={name} label={`the mask ${name}`} />
        <span class="layer-name truncate" title={`mask ${name}`}>{name}</span>
        <span class="layer-note">{percent} %</span>
        <Choice
          label={`How to draw ${name}`}
          value={look.style}
          options={[{ value: "fill", label: "fill", title: "Fill the classes" }, { value: "outline", label: "line", title: "Only their outlines" }]}
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
    </div>
  );
}

/** Shows and hides a layer; showing it also opens the one eye of its kind. */
function LayerEye({ kind, name, label }: { kind: LayerKind; name: string; label: string }): JSX.Element {
  const state = overlays.value;
  const eye = EYE_OF_KIND[kind];
  const isOn = (own(state.layers, layerKey(kind, name))?.isVisible ?? true) && state[eye];
  return <Eye isOn={isOn} label={label} onChange={(isVisible) => changeOverlays((now) => ({ ...withLayer(now, kind, name, { isVisible }), [eye]: now[eye] || isVisible }))} />;
}

const PLURALS = { box: "boxes", polygon: "polygons", keypoint: "keypoints" } as const;

function ShapeLayerControls({ layer, beside }: { layer: ShapeLayerEntry; beside: readonly string[] }): JSX.Element {
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
        <span class="layer-name truncate" title={title}>{name}</span>
        <span class="layer-note">{PLURALS[kind]} · {passing === shapes.length ? passing : `${passing} of ${shapes.length}`}</span>
        {kind === "polygon" && (
          <Choice
            label={`How to draw ${name}`}
            value={look.style}
            options={[{ value: "fill", label: "fill", title: "Fill the polygons" }, { value: "outline", label: "line", title: "Only their outlines" }]}
            onChange={(style) => changeOverlays((now) => withLayer(now, kind, name, { style }))}
          />
        )}
      </div>
      {kind === "polygon" && look.style === "fill" && (
        <Slider label={`Opacity of ${name}`} value={look.opacity} min={0} max={1} step={0.01} text={`${percent} %`} onInput={(opacity) => changeOverlays((now) => withLayer(now, kind, name, { opacity }))} />
      )}
      {layer.scores.map((stats) => <ScoreFilter key={stats.name} kind={kind} layer={name} stats={stats} range={own(look.scores, stats.name) ?? [null, null]} />)}
    </div>
  );
}

function CaptionChoice(): JSX.Element {
  return (
    <div class="layer-row">
      <span class="layer-note">captions</span>
      <Choice<CaptionMode>
        label="Captions of boxes, polygons and keypoints"
        value={overlays.value.captions}
        options={[{ value: "auto", label: "auto", title: "On tiles that are large enough" }, { value: "on", label: "on" }, { value: "off", label: "off" }]}
        onChange={(captions) => changeOverlays((state) => ({ ...state, captions }))}
      />
    </div>
  );
}

const search = signal("");
const SEARCH_FROM = 9;
const ROWS_LIMIT = 200; // single things are numbered by the thousand: the rest is found by searching

function ClassList({ classes, layers, hasShapes }: { classes: readonly ClassEntry[]; layers: readonly string[]; hasShapes: boolean }): JSX.Element {
  const wanted = search.value.trim().toLowerCase();
  const found = classes.filter(({ name }) => name.toLowerCase().includes(wanted));
  const names = found.map(({ name }) => name);
  const [layer] = layers;
  return (
    <div class="classes">
      <div class="classes-head">
        <span class="layer-note">{found.length === classes.length ? `${classes.length} classes` : `${found.length} of ${classes.length} classes`}</span>
        <Button look="plain" label={wanted === "" ? "Show all classes" : "Show the classes found"} onClick={() => changeOverlays((state) => withClasses(state, names, true))}>all</Button>
        <Button look="plain" label={wanted === "" ? "Hide all classes" : "Hide the classes found"} onClick={() => changeOverlays((state) => withClasses(state, names, false))}>none</Button>
      </div>
      {classes.length >= SEARCH_FROM && <TextField label="Search classes" icon="search" placeholder="Search classes" value={search.value} hasClear onInput={(text) => (search.value = text)} />}
      {overlays.value.solo.length > 0 && (
        <p class="classes-solo">
          only {overlays.value.solo.join(", ")}
          <Button look="plain" onClick={() => changeOverlays((state) => ({ ...state, solo: [] }))}>show all</Button>
        </p>
      )}
      <ul class="classes-list" tabIndex={found.length > 12 ? 0 : -1} aria-label="Classes">
        {found.slice(0, ROWS_LIMIT).map((entry) => <ClassRow key={entry.name} entry={entry} layer={layer} hasShapes={hasShapes} />)}
      </ul>
      {found.length > ROWS_LIMIT && <p class="inspector-empty">{ROWS_LIMIT} of {found.length.toLocaleString("en")} shown. Search for a name or a number to see others.</p>}
      {found.length === 0 && <p class="inspector-empty">No class matches “{search.value}”.</p>}
    </div>
  );
}

function ClassRow({ entry, layer, hasShapes }: { entry: ClassEntry; layer: string | undefined; hasShapes: boolean }): JSX.Element {
  const state = overlays.value;
  const { name, id } = entry;
  const isVisible = isClassVisible(state, name);
  const color = classColor(state, name, id);
  const share = layer === undefined ? undefined : entry.shares.get(layer);
  const solo = (isAdding: boolean): void => changeOverlays((now) => withSolo(now, name, isAdding));
  return (
    <li class={`class-row${isVisible ? "" : " class-off"}`}>
      <Eye
        isOn={isVisible}
        label={`${name} (Alt-click: only this class)`}
        onChange={(isOn, isSolo, isAdding) => (isSolo ? solo(isAdding) : changeOverlays((now) => withClasses(now, [name], isOn)))}
      />
      <Swatch name={name} color={color} isChosen={own(state.colors, name) !== undefined} />
      <button type="button" class="class-name truncate" title={`${name}${id === null ? "" : ` · id ${id}`}\n${sharesText(entry)}\nClick: only this class`} onClick={(event) => solo(event.shiftKey)}>{name}</button>
      {share !== undefined && <span class="class-number" title={`share of ${layer ?? ""}`}>{share > 0 ? percentText(share) : "–"}</span>}
      {hasShapes && <span class="class-number class-count" title="boxes, polygons and keypoints">{entry.shapeCount > 0 ? entry.shapeCount : "–"}</span>}
    </li>
  );
}

function sharesText({ shares, shapeCount }: ClassEntry): string {
  const parts = [...shares].map(([layer, share]) => `${layer}: ${percentText(share)}`);
  if (shapeCount > 0) parts.push(`${shapeCount} on the picture`);
  return parts.join("\n");
}

function percentText(share: number): string {
  const percent = share * 100;
  return `${percent >= 99.95 ? "100" : percent < 0.05 && percent > 0 ? "<0.1" : percent.toFixed(1)} %`;
}

function Swatch({ name, color, isChosen }: { name: string; color: string; isChosen: boolean }): JSX.Element {
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

function Eye({ isOn, label, onChange }: { isOn: boolean; label: string; onChange: (isOn: boolean, isSolo: boolean, isAdding: boolean) => void }): JSX.Element {
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
