/** How tiles are looked at: size and layout, linked zoom, pixels. All of it is of the page, except for what the panel has of its own. */
import type { JSX } from "preact";
import { videosTogether } from "@/media/video/together";
import { IconButton } from "@/parts/Button";
import { Menu } from "@/parts/Menu";
import { Slider } from "@/parts/Slider";
import { LARGEST_TILE, type MediaLayout, type MediaSettings, SMALLEST_TILE, clampTile } from "@/state/media/zoom";
import type { PanelRef } from "@/state/page/panelSettings";
import { useScope } from "@/state/scope";

export interface MediaPanelToolsProps {
  panel: PanelRef<MediaSettings>;
  hasPictures: boolean;
  hasVideos: boolean;
  /** Tiles fill rows: there is nothing to choose. */
  isFill: boolean;
}

export function MediaPanelTools({ panel, hasPictures, hasVideos, isFill }: MediaPanelToolsProps): JSX.Element {
  const scope = useScope();
  const { isLinked, isZoomed, panels: { change, settingsOf }, resetViews, smoothing } = scope.zoom;
  const { layout, tileWidth } = settingsOf(panel).value;
  const { isTogether, setTogether } = videosTogether(scope);
  const setSmoothing = (value: typeof smoothing.value) => () => (smoothing.value = value);
  const setLayout = (value: MediaLayout) => () => change(panel, { layout: value });
  return (
    <div class="media-tools">
      {hasVideos && (
        <IconButton
          icon="together"
          size={14}
          label={isTogether.value ? "Stop playing all videos of the page together" : "Play all videos of the page together"}
          isPressed={isTogether.value}
          onClick={() => setTogether(!isTogether.peek())}
        />
      )}
      {hasPictures && isZoomed.value && <IconButton icon="reset" size={14} label="Show the pictures whole again" onClick={resetViews} />}
      {hasPictures && (
        <IconButton
          icon="link"
          size={14}
          label={isLinked.value ? "Zoom and pan are shared by all tiles" : "Each tile has its own zoom and pan"}
          isPressed={isLinked.value}
          onClick={() => (isLinked.value = !isLinked.value)}
        />
      )}
      {!isFill && (
        <div class="media-size-slider">
          <Slider
            label="Tile size, of all panels"
            value={tileWidth}
            min={SMALLEST_TILE}
            max={LARGEST_TILE / 1.6}
            step={4}
            text={`${tileWidth} px`}
            onInput={(width) => change(panel, { tileWidth: clampTile(width) ?? tileWidth })}
          />
        </div>
      )}
      {!isFill && <Menu
        label="Pixels and layout, of all panels"
        icon="settings"
        align="end"
        items={[
          {
            label: "Automatic",
            isChecked: smoothing.value === "auto",
            divider: "Pixels",
            detail: "squares when large or tiny",
            onSelect: setSmoothing("auto"),
          },
          { label: "Smooth", isChecked: smoothing.value === "smooth", onSelect: setSmoothing("smooth") },
          { label: "Squares", isChecked: smoothing.value === "pixelated", onSelect: setSmoothing("pixelated") },
          { label: "Automatic", isChecked: layout === "auto", divider: "Layout", onSelect: setLayout("auto") },
          { label: "Items × runs", isChecked: layout === "grid", onSelect: setLayout("grid") },
          { label: "Wrapped", isChecked: layout === "wrap", onSelect: setLayout("wrap") },
        ]}
      />}
    </div>
  );
}
