/** How all tiles of the page are looked at: size, linked zoom, pixels, layout. */
import type { JSX } from "preact";
import { videosTogether } from "@/media/video/together";
import { IconButton } from "@/parts/Button";
import { Menu } from "@/parts/Menu";
import { Slider } from "@/parts/Slider";
import { LARGEST_TILE, SMALLEST_TILE, clampTile } from "@/state/media/zoom";
import { useScope } from "@/state/scope";

export interface MediaPanelToolsProps {
  hasPictures: boolean;
  hasVideos: boolean;
  /** Tiles fill rows: there is nothing to choose. */
  isFill: boolean;
}

export function MediaPanelTools({ hasPictures, hasVideos, isFill }: MediaPanelToolsProps): JSX.Element {
  const scope = useScope();
  const { isLinked, isZoomed, mediaLayout, resetViews, smoothing, tileWidth } = scope.zoom;
  const { isTogether, setTogether } = videosTogether(scope);
  const setSmoothing = (value: typeof smoothing.value) => () => (smoothing.value = value);
  const setLayout = (value: typeof mediaLayout.value) => () => (mediaLayout.value = value);
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
            label="Tile size"
            value={tileWidth.value}
            min={SMALLEST_TILE}
            max={LARGEST_TILE / 1.6}
            step={4}
            text={`${tileWidth.value} px`}
            onInput={(width) => (tileWidth.value = clampTile(width) ?? tileWidth.value)}
          />
        </div>
      )}
      {!isFill && <Menu
        label="Pixels and layout"
        icon="settings"
        align="end"
        items={[
          {
            label: "Pixels: automatic",
            isChecked: smoothing.value === "auto",
            divider: "Pixels",
            detail: "squares when large or tiny",
            onSelect: setSmoothing("auto"),
          },
          { label: "Pixels: smooth", isChecked: smoothing.value === "smooth", onSelect: setSmoothing("smooth") },
          { label: "Pixels: squares", isChecked: smoothing.value === "pixelated", onSelect: setSmoothing("pixelated") },
          { label: "Layout: automatic", isChecked: mediaLayout.value === "auto", divider: "Layout", onSelect: setLayout("auto") },
          { label: "Layout: items × runs", isChecked: mediaLayout.value === "grid", onSelect: setLayout("grid") },
          { label: "Layout: wrapped", isChecked: mediaLayout.value === "wrap", onSelect: setLayout("wrap") },
        ]}
      />}
    </div>
  );
}
