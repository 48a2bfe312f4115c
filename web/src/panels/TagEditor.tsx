import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "@/parts/Icon";
import "@/panels/overview.css";

export interface TagEditorProps {
  tags: readonly string[];
  onChange: (tags: string[]) => void;
}

/** Tags as chips. Enter or a comma adds, Backspace in the empty field takes the last away. */
export function TagEditor({ tags, onChange }: TagEditorProps): JSX.Element {
  const [draft, setDraft] = useState("");
  const add = (text: string): void => {
    const added = text.split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
    setDraft("");
    const next = [...new Set([...tags, ...added])];
    if (next.length > tags.length) onChange(next);
  };
  return (
    <div class="tags" role="group" aria-label="Tags">
      {tags.map((tag) => (
        <span key={tag} class="tag" title={tag}>
          <span class="truncate">{tag}</span>
          <button type="button" aria-label={`Remove the tag ${tag}`} onClick={() => onChange(tags.filter((one) => one !== tag))}>
            <Icon name="close" size={10} />
          </button>
        </span>
      ))}
      <input
        class="tag-field"
        type="text"
        aria-label="Add a tag"
        placeholder="+ tag"
        value={draft}
        spellcheck={false}
        onInput={(event) =>
          event.currentTarget.value.endsWith(",") ? add(event.currentTarget.value) : setDraft(event.currentTarget.value)
        }
        onBlur={() => add(draft)}
        onKeyDown={(event) => {
          if (event.key === "Enter") add(draft);
          else if (event.key === "Backspace" && draft === "" && tags.length > 0) onChange(tags.slice(0, -1));
          else return;
          event.preventDefault();
        }}
      />
    </div>
  );
}
