/** What the colours of the points mean: classes with their eyes, or the ends of the colour map. */
import type { JSX } from "preact";
import { classNameOf } from "@/lib/image/classColors";
import type { Object3DRecord } from "@/api/schema";
import type { CloudPart } from "@/media/object3d/cloud";
import { object3dLook } from "@/media/object3d/look";
import { rampGradient } from "@/media/object3d/ramp";
import { boxColor } from "@/media/object3d/scenery";
import type { Content } from "@/media/object3d/viewer";
import { coordinate, shortCount } from "@/media/object3d/words";
import { formatValue } from "@/lib/text/format";
import { isClassVisible, withClasses, withSolo } from "@/lib/image/overlayState";

import { axesOf, dot } from "@/media/object3d/space";
import { classColor, dealColors } from "@/state/page/classColors";
import { type Scope, useScope } from "@/state/scope";

const CLASS_LIMIT = 200;

export function Legend({ content }: { content: Content }): JSX.Element | null {
  const scope = useScope();
  const { look } = object3dLook(scope);
  const { cloud, record } = content;
  const mode = cloud?.modeOf(look.value);
  const isRamp = cloud && (mode === "value" || mode === "height");
  const points = cloud && mode === "category" ? pointClasses(scope, cloud) : [];
  const boxes = boxClasses(scope, record);
  if (!isRamp && points.length === 0 && boxes.length === 0) return null;
  return (
    <div class="object3d-legends">
      {isRamp && <Ramp content={content} cloud={cloud} mode={mode} />}
      {points.length > 0 && <ClassList title="points" entries={points} />}
      {boxes.length > 0 && <ClassList title="boxes" entries={boxes} />}
    </div>
  );
}

function Ramp({ content, cloud, mode }: { content: Content; cloud: CloudPart; mode: "value" | "height" }): JSX.Element | null {
  const range = mode === "value" ? cloud.valueRange : cloud.heightRange;
  if (!range) return null;
  const lift = mode === "height" ? dot(content.origin, axesOf(content.orientation).up) : 0;
  const text = (value: number): string =>
    mode === "height" ? coordinate(value + lift, content.frame().radius) : formatValue(Number(value.toPrecision(4)));
  return (
    <div class="object3d-legend object3d-ramp" title="From the lowest to the highest one percent">
      <span>{mode}</span>
      <span>{text(range[0])}</span>
      <span class="object3d-gradient" style={{ background: rampGradient() }} />
      <span>{text(range[1])}</span>
    </div>
  );
}

interface ClassEntry {
  name: string;
  id: number | null;
  count: number | undefined;
  color: string;
}

function pointClasses(scope: Scope, cloud: CloudPart): ClassEntry[] {
  const { look } = object3dLook(scope);
  const { class_labels: labels, class_colors: colors, class_counts: counts = {} } = cloud.cloud;
  dealColors(labels, colors);
  const ids = [...new Set([...Object.keys(counts).map(Number), ...cloud.categories.ids])].sort((a, b) => a - b);
  return ids.map((id) => {
    const name = classNameOf(id, labels);
    return { name, id, count: counts[String(id)], color: classColor(look.value.overlays, name, id) };
  });
}

function boxClasses(scope: Scope, record: Object3DRecord): ClassEntry[] {
  const { look } = object3dLook(scope);
  const found = new Map<string, ClassEntry>();
  for (const box of record.boxes ?? []) {
    if (!box.label) continue;
    const entry = found.get(box.label);
    if (entry) entry.count = (entry.count ?? 0) + 1;
    else found.set(box.label, { name: box.label, id: null, count: 1, color: boxColor(box, look.value.overlays) });
  }
  return [...found.values()];
}

function ClassList({ title, entries }: { title: string; entries: readonly ClassEntry[] }): JSX.Element {
  const scope = useScope();
  const { changeOverlays } = scope.overlays;
  const { look } = object3dLook(scope);
  const state = look.value.overlays;
  return (
    <div class="object3d-legend">
      <ul class="object3d-classes" aria-label={`Classes of the ${title}`}>
        {entries.slice(0, CLASS_LIMIT).map(({ name, id, count, color }) => {
          const isVisible = isClassVisible(state, name);
          const facts = [id === null ? "" : ` · id ${id}`, count === undefined ? "" : ` · ${count.toLocaleString("en")} ${title}`];
          return (
            <li key={name}>
              <button
                type="button"
                class={`object3d-class${isVisible ? "" : " object3d-class-off"}`}
                aria-pressed={isVisible}
                title={`${name}${facts.join("")}\nClick: ${isVisible ? "hide" : "show"} it. Alt-click: only this class.`}
                onClick={(event) =>
                  changeOverlays((now) => (event.altKey ? withSolo(now, name, event.shiftKey) : withClasses(now, [name], !isVisible)))
                }
              >
                <span class="object3d-swatch" style={{ background: color }} />
                <span class="truncate">{name}</span>
                {count !== undefined && <span class="object3d-count">{shortCount(count)}</span>}
              </button>
            </li>
          );
        })}
      </ul>
      {entries.length > CLASS_LIMIT && <span class="object3d-count">{CLASS_LIMIT} of {entries.length} classes listed</span>}
    </div>
  );
}
