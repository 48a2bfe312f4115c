/** Text that becomes a field when it is clicked. Enter or leaving saves, Esc takes back. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "@/parts/Icon";
import "@/parts/parts.css";

export interface InlineEditProps {
  label: string;
  value: string;
  /** Called only with a text that is not empty and not what it was. */
  onSave: (text: string) => void;
}

export function InlineEdit({ label, value, onSave }: InlineEditProps): JSX.Element {
  const [draft, setDraft] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const isEditing = draft !== null;
  useEffect(() => {
    if (isEditing) field.current?.select();
  }, [isEditing]);
  if (draft === null) {
    return (
      <button
        type="button"
        class="inline-edit"
        title={`Edit ${label.toLowerCase()}`}
        aria-label={`${label}: ${value}. Edit`}
        onClick={() => setDraft(value)}
      >
        <span class="truncate">{value}</span>
        <Icon name="pencil" size={12} />
      </button>
    );
  }
  const save = (): void => {
    const text = draft.trim();
    setDraft(null);
    if (text !== "" && text !== value) onSave(text);
  };
  return (
    <input
      ref={field}
      class="inline-field"
      type="text"
      aria-label={label}
      value={draft}
      spellcheck={false}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === "Enter") save();
        else if (event.key === "Escape") setDraft(null);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}
