/** What lies over the selected picture, thing by thing: class, scores, caption. */
import type { JSX } from "preact";
import type { ImageRecord } from "@/api/schema";
import { shortScore } from "@/lib/image/boxes";
import { shapeLayersOf, textOfShape } from "@/lib/image/shapes";
import { exactText, formatCount } from "@/lib/text/format";
import { numberOf } from "@/lib/text/numbers";
import { type ShownShape, shownShapes } from "@/media/image/paintShapes";
import { useScope } from "@/state/scope";

const ROWS_LIMIT = 100;

export function ShapeList({ record }: { record: ImageRecord }): JSX.Element | null {
  const { overlays } = useScope().overlays;
  const total = shapeLayersOf(record).reduce((sum, { shapes }) => sum + shapes.length, 0);
  if (total === 0) return null;
  const shown = shownShapes(record, overlays.value);
  const kinds = new Set(shown.map(({ kind }) => kind)).size;
  return (
    <details class="shape-list">
      <summary>
        {shown.length === total ? formatCount(total, "thing") : `${shown.length} of ${formatCount(total, "thing")}`} on this picture
      </summary>
      <ul>
        {shown.slice(0, ROWS_LIMIT).map((one, at) => (
          <ShapeRow key={at} one={one} hasKind={kinds > 1} />
        ))}
      </ul>
      {shown.length > ROWS_LIMIT && <p class="inspector-empty">The first {ROWS_LIMIT} are listed.</p>}
    </details>
  );
}

function ShapeRow({ one, hasKind }: { one: ShownShape; hasKind: boolean }): JSX.Element {
  const { shape, layer, kind } = one;
  const scores = Object.entries(shape.scores ?? {}).map(([name, value]) => `${name} ${shortScore(numberOf(value) ?? NaN)}`);
  const extra = Object.entries(shape.extra ?? {}).map(([name, value]) => `${name}: ${exactText(value)}`);
  const text = textOfShape(shape, one.className, one.outline) || kind;
  return (
    <li class="shape-row" title={[text, one.className ?? "", ...scores, ...extra].filter(Boolean).join("\n")}>
      <span class="swatch" style={{ "--class": one.color }} />
      <span class="truncate">{text}</span>
      <span class="fact-dim truncate">{hasKind ? `${layer} · ${kind}` : layer}</span>
    </li>
  );
}
