/** Lists and dicts, folded by branch. A branch's children are made when it is opened. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { numberOf } from "@/lib/text/numbers";
import { Button } from "@/parts/Button";
import { cellExact } from "@/media/table/cells";

const SHOWN_AT_FIRST = 200;

export function ValueTree({ value, name, isOpen = false }: { value: unknown; name?: string; isOpen?: boolean }): JSX.Element {
  const [isUnfolded, setUnfolded] = useState(isOpen);
  const [most, setMost] = useState(SHOWN_AT_FIRST);
  const label = name === undefined ? null : <span class="vtree-name">{name}</span>;
  if (typeof value !== "object" || value === null || numberOf(value) !== undefined || "_number" in value) {
    return (
      <div class="vtree-leaf">
        {label}
        <span class={`vtree-value vtree-${value === null ? "null" : typeof value}`}>
          {value === null ? "null" : typeof value === "string" ? `“${value}”` : cellExact(value)}
        </span>
      </div>
    );
  }
  const entries: [string, unknown][] = Array.isArray(value) ? value.map((one, at) => [String(at), one]) : Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length.toLocaleString("en-US")}]` : `{${entries.length.toLocaleString("en-US")}}`;
  if (entries.length === 0) {
    return (
      <div class="vtree-leaf">
        {label}
        <span class="vtree-value">{Array.isArray(value) ? "[ ]" : "{ }"}</span>
      </div>
    );
  }
  return (
    <details class="vtree" open={isUnfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
      <summary>
        {label}
        <span class="vtree-size">{size}</span>
      </summary>
      {isUnfolded && (
        <div class="vtree-inside">
          {entries.slice(0, most).map(([key, inner]) => (
            <ValueTree key={key} name={key} value={inner} isOpen={entries.length <= 20 && name === undefined} />
          ))}
          {entries.length > most && (
            <Button
              look="plain"
              onClick={() => setMost(most * 10)}
            >{`${most.toLocaleString("en-US")} of ${entries.length.toLocaleString("en-US")} shown · show more`}</Button>
          )}
        </div>
      )}
    </details>
  );
}
