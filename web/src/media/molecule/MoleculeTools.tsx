/** What can be chosen in the full view of a molecule; it holds for all molecules of the scope. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { saveBlob } from "@/lib/browser/saving";
import {
  COLOR_LABELS, type ColorName, type Content, type Look, STYLE_LABELS, SURFACE_ATOMS_LIMIT, type StyleName, colorsFor, stylesFor,
} from "@/media/molecule/looks";
import { moleculeViews } from "@/media/molecule/views";
import { Button, IconButton } from "@/parts/Button";
import { Select } from "@/parts/Toggle";
import { showToast } from "@/state/page/toasts";
import { useScope } from "@/state/scope";

export interface MoleculeToolsProps {
  content: Content | null;
  pose: number;
  onPose: (pose: number) => void;
  onReset: () => void;
  picture: () => HTMLCanvasElement | null;
  name: string;
}

const POSE_MS = 700;

export function MoleculeTools({ content, pose, onPose, onReset, picture, name }: MoleculeToolsProps): JSX.Element {
  const { look } = moleculeViews(useScope());
  const [isPlaying, setPlaying] = useState(false);
  const poses = content?.poses ?? 1;
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => onPose((pose + 1) % poses), POSE_MS);
    return () => clearInterval(timer);
  }, [isPlaying, pose, poses]);
  const change = (part: Partial<Look>): void => {
    look.value = { ...look.peek(), ...part };
  };
  const shown = look.value;
  const styles: StyleName[] = content ? stylesFor(content) : ["auto"];
  const colors: ColorName[] = content ? colorsFor(content) : ["auto"];
  const isTooMuch = (content?.atoms ?? 0) > SURFACE_ATOMS_LIMIT;
  return (
    <div class="molecule-tools" data-own-keys>
      <Select
        label="Style"
        value={styles.includes(shown.style) ? shown.style : "auto"}
        options={styles.map((value) => ({ value, label: STYLE_LABELS[value] }))}
        onChange={(style) => change({ style })}
      />
      <Select
        label="Colours"
        value={colors.includes(shown.color) ? shown.color : "auto"}
        options={colors.map((value) => ({ value, label: COLOR_LABELS[value] }))}
        onChange={(color) => change({ color })}
      />
      <Button
        look="plain"
        isPressed={shown.hasSurface && !isTooMuch}
        isDisabled={isTooMuch}
        label={isTooMuch ? "Too many atoms for a surface" : "The surface that touches water"}
        onClick={() => change({ hasSurface: !shown.hasSurface })}
      >
        Surface
      </Button>
      <Button
        look="plain"
        isPressed={shown.hasLabels}
        label="Names of residues, or of atoms"
        onClick={() => change({ hasLabels: !shown.hasLabels })}
      >
        Labels
      </Button>
      {content?.hasCell && (
        <Button
          look="plain"
          isPressed={shown.hasCell}
          label="The edges of the unit cell"
          onClick={() => change({ hasCell: !shown.hasCell })}
        >
          Cell
        </Button>
      )}
      <Button look="plain" isPressed={shown.isSpinning} onClick={() => change({ isSpinning: !shown.isSpinning })}>
        Spin
      </Button>
      {poses > 1 && (
        <span class="molecule-pose">
          <IconButton
            icon="chevronLeft"
            size={14}
            label="Previous molecule of the file"
            onClick={() => onPose((pose + poses - 1) % poses)}
          />
          <span class="molecule-pose-count" role="status">
            {Math.min(pose, poses - 1) + 1} of {poses}
          </span>
          <IconButton icon="chevronRight" size={14} label="Next molecule of the file" onClick={() => onPose((pose + 1) % poses)} />
          <IconButton
            icon={isPlaying ? "pause" : "play"}
            size={14}
            label={isPlaying ? "Stop" : "Show one after another"}
            onClick={() => setPlaying(!isPlaying)}
          />
        </span>
      )}
      <span class="molecule-space" />
      <IconButton icon="reset" size={14} label="See all of it again" onClick={onReset} />
      <IconButton icon="image" size={14} label="Save what is shown as a picture" onClick={() => save(picture(), name)} />
    </div>
  );
}

function save(canvas: HTMLCanvasElement | null, name: string): void {
  // Drawn into another canvas at once: WebGL forgets its pixels after the frame.
  const copy = canvas ? new OffscreenCanvas(canvas.width, canvas.height) : null;
  if (!canvas || !copy) return;
  copy.getContext("2d")?.drawImage(canvas, 0, 0);
  copy.convertToBlob({ type: "image/png" }).then(
    (blob) => saveBlob(`${name.replace(/[^\w.-]+/g, "_")}.png`, blob),
    () => showToast("The picture could not be made.", { tone: "error" }),
  );
}
