/** Areas under curves, for legends. Pure functions. */
import type { Field } from "@/media/chart/values";

/** The area under each class's points by straight lines between them, in the order of their x. */
export function areasUnder(x: Field, y: Field, names: readonly string[]): Map<string, number> {
  const points = new Map<string, [number, number][]>();
  names.forEach((name, at) => {
    const [left, up] = [x.values[at], y.values[at]];
    if (typeof left !== "number" || typeof up !== "number") return;
    const known = points.get(name);
    if (known) known.push([left, up]);
    else points.set(name, [[left, up]]);
  });
  return new Map(
    [...points].map(([name, list]) => {
      // A stable sort: at the same x the curve goes on as it was logged.
      const sorted = (list[0]?.[0] ?? 0) > (list.at(-1)?.[0] ?? 0) ? [...list].reverse() : list;
      let area = 0;
      for (let at = 1; at < sorted.length; at++) {
        const [[x0, y0], [x1, y1]] = [sorted[at - 1] as [number, number], sorted[at] as [number, number]];
        area += ((y0 + y1) / 2) * (x1 - x0);
      }
      return [name, area];
    }),
  );
}
