/** What the colours of the points mean: classes with their eyes, or the ends of the colour map. */
import type { JSX } from "preact";
import { classNameOf } from "@/media/image/palette";
import type { CloudPart } from "@/media/object3d/cloud";
import { look } from "@/media/object3d/look";
import { rampGradient } from "@/media/object3d/ramp";
import type { Content } from "@/media/object3d/viewer";
import { coordinate, shortCount } from "@/media/object3d/words";
import { formatValue } from "@/parts/format";
import { changeOverlays, classColor } from "@/state/overlays";
import { isClassVisible, withClasses, withSolo } from "@/state/overlayState";

import { axesOf, dot } from "@/media/object3d/space";

const CLASS_LIMIT = 200;

export function CloudLegend({ content, cloud }: { content: Content; cloud: CloudPart }): JSX.Element | null {
  const mode = cloud.modeOf(look.value);
  if (mode === "category") return <ClassLegend cloud={cloud} />;
  if (mode !== "value" && mode !== "height") return null;
  const range = mode === "value" ? cloud.valueRange : cloud.heightRange;
  if (!range) return null;
  const lift = mode === "height" ? dot(content.origin, axesOf(content.orientation).up) : 0;
  const text = (value: number): string => (mode === "height" ? coordinate(value + lift, content.frame().radius) : formatValue(Number(value.toPrecision(4))));
  return (
    <div class="object3d-legend object3d-ramp" title="From the lowest to the highest one percent">
      <span>{mode}</span>
      <span>{text(range[0])}</span>
      <span class="object3d-gradient" style={{ background: rampGradient() }} />
      <span>{text(range[1])}</span>
    </div>
  );
}

function ClassLegend({ cloud }: { cloud: CloudPart }): JSX.Element {
  const state = look.value.overlays;
  const labels = cloud.cloud.class_labels;
  const counts = cloud.cloud.class_counts ?? {};
  const ids = [...new Set([...Object.keys(counts).map(Number), ...cloud.categories.ids])].sort((a, b) => a - b);
  return (
    <div class="object3d-legend">
      <ul class="object3d-classes" aria-label="Classes of the points">
        {ids.slice(0, CLASS_LIMIT).map((id) => {
          const name = classNameOf(id, labels);
          const isVisible = isClassVisible(state, name);
          const count = counts[String(id)];
          return (
            <li key={id}>
              <button
                type="button"
                class={`object3d-class${isVisible ? "" : " object3d-class-off"}`}
                aria-pressed={isVisible}
                title={`${name} · id ${id}${count === undefined ? "" : ` · ${count.toLocaleString("en")} points`}\nClick: ${isVisible ? "hide" : "show"} it. Alt-click: only this class.`}
                onClick={(event) => changeOverlays((now) => (event.altKey ? withSolo(now, name, event.shiftKey) : withClasses(now, [name], !isVisible)))}
              >
                <span class="object3d-swatch" style={{ background: classColor(state, name, id) }} />
                <span class="truncate">{name}</span>
                {count !== undefined && <span class="object3d-count">{shortCount(count)}</span>}
              </button>
            </li>
          );
        })}
      </ul>
      {ids.length > CLASS_LIMIT && <span class="object3d-count">{CLASS_LIMIT} of {ids.length} classes listed</span>}
    </div>
  );
}
