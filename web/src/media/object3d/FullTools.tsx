/** The tools above the full view of a 3D thing: where to look from, what colours mean, what is drawn beside it. */
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { source } from "@/state/server/source";
import type { Camera3D, Object3DRecord } from "@/api/schema";
import { saveBlob } from "@/lib/browser/saving";
import { withScores } from "@/lib/image/overlayState";
import { numberOf } from "@/lib/text/numbers";
import { type ColorMode, object3dLook } from "@/media/object3d/look";
import { BOX_LAYER, SCORE, isBoxShown, scoreRangeOf } from "@/media/object3d/scenery";
import { type PresetName, isFiniteVec, sub, viewFromCamera } from "@/media/object3d/space";
import type { Content, Stage } from "@/media/object3d/viewer";
import { Button, IconButton } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { Slider } from "@/parts/Slider";
import { Select } from "@/parts/Toggle";
import type { ShownItem } from "@/state/media/tile";
import { type Scope, useScope } from "@/state/scope";

const PRESET_NAMES: readonly (readonly [PresetName, string])[] = [
  ["front", "Front"],
  ["back", "Back"],
  ["left", "Left"],
  ["right", "Right"],
  ["top", "Top"],
  ["bottom", "Bottom"],
];
const MODE_NAMES: Readonly<Record<ColorMode, string>> = {
  color: "logged colours",
  category: "classes",
  value: "value",
  height: "height",
  single: "one colour",
};
const LARGEST_POINT = 12;

export interface FullToolsProps {
  record: Object3DRecord;
  content: Content | null;
  shown: ShownItem | undefined;
  stage: () => Stage | null;
  isPlaying: boolean;
  onPlay: (isPlaying: boolean) => void;
}

export function FullTools({ record, content, shown, stage, isPlaying, onPlay }: FullToolsProps): JSX.Element {
  const scope = useScope();
  const { isLinked } = scope.zoom;
  const { changeLook, lookChoice } = object3dLook(scope);
  const look = lookChoice.value;
  useLetterKeys(stage);
  const jump = (name: PresetName): void => {
    stage()?.lookFrom(name);
  };
  const home = (): void => {
    const found = stage();
    if (found) found.view = null;
  };
  const hasCloud = content?.cloud !== null && content?.cloud !== undefined;
  return (
    <div class="object3d-tools" role="toolbar" aria-label="3D view">
      <span class="object3d-group">
        <Button look="plain" icon="reset" label="The view that it began with (0)" onClick={home}>
          Home
        </Button>
        {PRESET_NAMES.map(([name, title], at) => (
          <Button key={name} look="plain" label={`Look from the ${name} (${at + 1})`} onClick={() => jump(name)}>
            {title}
          </Button>
        ))}
      </span>
      <span class="object3d-group">
        <Button
          look="plain"
          label="Without perspective (O)"
          isPressed={look.isOrtho}
          onClick={() => changeLook({ isOrtho: !look.isOrtho })}
        >
          Ortho
        </Button>
        <Button look="plain" label="Grid on the ground (G)" isPressed={look.hasGrid} onClick={() => changeLook({ hasGrid: !look.hasGrid })}>
          Grid
        </Button>
        <IconButton
          icon="link"
          label={
            isLinked.value
              ? "All tiles of this key are seen from the same side. Press to give each its own view"
              : "Each tile has its own view. Press to turn all tiles of a key together"
          }
          isPressed={isLinked.value}
          onClick={() => (isLinked.value = !isLinked.value)}
        />
        {content?.model && (
          <Button
            look="plain"
            label="Only the edges of the triangles (W)"
            isPressed={look.isWireframe}
            onClick={() => changeLook({ isWireframe: !look.isWireframe })}
          >
            Edges
          </Button>
        )}
        {content?.hasAnimations && (
          <IconButton
            icon={isPlaying ? "pause" : "play"}
            label={isPlaying ? "Stop the animation" : "Play the animation"}
            onClick={() => onPlay(!isPlaying)}
          />
        )}
      </span>
      {hasCloud && content && <PointTools content={content} />}
      {(record.boxes?.length ?? 0) > 0 && <BoxTools record={record} />}
      {(record.cameras?.length ?? 0) > 0 && content && <CameraTools cameras={record.cameras ?? []} content={content} stage={stage} />}
      <span class="object3d-group object3d-right">
        <IconButton icon="image" label="Save this view as a PNG" onClick={() => void savePng(stage(), shown, record)} />
        {record.blob && (
          <a
            class="icon-button"
            href={source.blobUrl(record.blob.sha256)}
            download={record.name ?? `model.${record.format}`}
            title="Download the file as it was logged"
            aria-label="Download the file as it was logged"
          >
            <Icon name="download" size={16} />
          </a>
        )}
      </span>
    </div>
  );
}

function PointTools({ content }: { content: Content }): JSX.Element {
  const scope = useScope();
  const { changeLook, lookChoice } = object3dLook(scope);
  const look = lookChoice.value;
  const { cloud } = content;
  if (!cloud) return <></>;
  const modes: ColorMode[] = [...(["color", "category", "value"] as const).filter((name) => cloud.columns.has(name)), "height", "single"];
  const auto = cloud.autoMode();
  const mode = modes.includes(look.mode as ColorMode) ? (look.mode as ColorMode) : auto;
  return (
    <span class="object3d-group">
      <Select
        label="Colour of the points"
        value={mode}
        options={modes.map((value) => ({ value, label: MODE_NAMES[value] }))}
        onChange={(value) => changeLook({ mode: value === auto ? "auto" : value })}
      />
      <span class="object3d-label">size</span>
      <span class="object3d-slider">
        <Slider
          label="Size of the points"
          value={look.pointSize ?? 0}
          min={0}
          max={LARGEST_POINT}
          step={0.25}
          text={look.pointSize === null ? "by their number" : `${look.pointSize} ${look.isWorldSize ? "of the scene" : "pixels"}`}
          onInput={(value) => changeLook({ pointSize: value < 0.5 ? null : value })}
        />
      </span>
      <Button
        look="plain"
        label="Points keep their size in the scene: near ones are larger"
        isPressed={look.isWorldSize && look.pointSize !== null}
        onClick={() => changeLook({ isWorldSize: !(look.isWorldSize && look.pointSize !== null), pointSize: look.pointSize ?? 2 })}
      >
        {look.pointSize === null ? "auto" : look.isWorldSize ? "in scene" : `${look.pointSize} px`}
      </Button>
    </span>
  );
}

function BoxTools({ record }: { record: Object3DRecord }): JSX.Element {
  const scope = useScope();
  const { changeOverlays, overlays } = scope.overlays;
  const state = overlays.value;
  const boxes = record.boxes ?? [];
  const shown = boxes.filter((box) => isBoxShown(box, state)).length;
  const scores = boxes
    .map(({ score }) => numberOf(score))
    .filter((score): score is number => score !== undefined && Number.isFinite(score));
  const low = Math.min(0, ...scores);
  const high = Math.max(1, ...scores);
  const least = scoreRangeOf(state)[0];
  const labels = state.captions;
  return (
    <span class="object3d-group">
      <Button
        look="plain"
        icon={state.boxesVisible ? "eye" : "eyeOff"}
        label="Show or hide all boxes (B)"
        isPressed={state.boxesVisible}
        onClick={() => changeOverlays((now) => ({ ...now, boxesVisible: !now.boxesVisible }))}
      >
        {shown === boxes.length ? `${boxes.length}` : `${shown} of ${boxes.length}`} {boxes.length === 1 ? "box" : "boxes"}
      </Button>
      <Button look="plain" label="Names and scores of the boxes (L)" isPressed={labels !== "off"} onClick={() => toggleLabels(scope)}>
        Labels
      </Button>
      {scores.length > 0 && (
        <>
          <span class="object3d-label">score ≥ {(least ?? low).toFixed(2)}</span>
          <span class="object3d-slider">
            <Slider
              label="Least score of the boxes"
              value={least ?? low}
              min={low}
              max={high}
              step={(high - low) / 100}
              text={(least ?? low).toFixed(2)}
              onInput={(value) =>
                changeOverlays((now) => withScores(now, BOX_LAYER, SCORE, [value <= low ? null : value, scoreRangeOf(now)[1]]))
              }
            />
          </span>
        </>
      )}
    </span>
  );
}

function toggleLabels(scope: Scope): void {
  const { changeOverlays } = scope.overlays;
  changeOverlays((now) => ({ ...now, captions: now.captions === "off" ? "auto" : "off" }));
}

function CameraTools({
  cameras,
  content,
  stage,
}: {
  cameras: readonly Camera3D[];
  content: Content;
  stage: () => Stage | null;
}): JSX.Element {
  const look = (camera: Camera3D): void => {
    const found = stage();
    const target = camera.target ?? [0, 0, 0];
    if (!found || !isFiniteVec(camera.position) || !isFiniteVec(target)) return;
    const { origin, orientation } = content;
    const from = {
      position: sub(camera.position, origin),
      target: sub(target, origin),
      up: camera.up ?? null,
      fov: camera.fov_degrees ?? null,
    };
    found.view = viewFromCamera(from, found.frame, orientation, found.aspect);
  };
  return (
    <span class="object3d-group">
      <span class="object3d-label">from</span>
      {cameras.slice(0, CAMERA_BUTTONS).map((camera, at) => (
        <Button key={at} look="plain" label={`Look through ${camera.label ?? `camera ${at + 1}`}`} onClick={() => look(camera)}>
          {camera.label ?? `camera ${at + 1}`}
        </Button>
      ))}
      {cameras.length > CAMERA_BUTTONS && <span class="object3d-label">{cameras.length - CAMERA_BUTTONS} more</span>}
    </span>
  );
}

const CAMERA_BUTTONS = 8;

async function savePng(stage: Stage | null, shown: ShownItem | undefined, record: Object3DRecord): Promise<void> {
  const picture = await stage?.png();
  if (!picture) return;
  const stem = shown ? `${shown.key}-step${shown.cell.step}-${shown.index}` : (record.name ?? "view");
  saveBlob(`${stem.replace(/[^\w.-]+/g, "_")}.png`, picture);
}

/** Letters work wherever the focus is in the full view; digits and arrows need the canvas. */
function useLetterKeys(stage: () => Stage | null): void {
  const scope = useScope();
  const { changeLook, lookChoice } = object3dLook(scope);
  useLayoutEffect(() => {
    const actions: Readonly<Record<string, () => void>> = {
      o: () => changeLook({ isOrtho: !lookChoice.peek().isOrtho }),
      g: () => changeLook({ hasGrid: !lookChoice.peek().hasGrid }),
      w: () => changeLook({ isWireframe: !lookChoice.peek().isWireframe }),
      l: () => toggleLabels(scope),
      ...Object.fromEntries(PRESET_NAMES.map(([name], at) => [String(at + 1), () => stage()?.lookFrom(name)])),
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return;
      if (document.querySelector(".popover, .dialog, dialog[open], [role=dialog]")) return;
      const action = actions[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
