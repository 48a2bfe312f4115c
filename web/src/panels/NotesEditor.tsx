import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "@/panels/overview.css";

const TYPING_MS = 900;

export interface NotesEditorProps {
  notes: string;
  /** Resolves to whether the server took it. */
  onSave: (notes: string) => Promise<boolean>;
}

type Saved = "saved" | "typing" | "saving" | "failed";
const SAID: Record<Saved, string> = { saved: "", typing: "not saved yet", saving: "saving", failed: "not saved" };

/** Plain text that saves itself: after a pause, and when the field or the page is left. */
export function NotesEditor({ notes, onSave }: NotesEditorProps): JSX.Element {
  const [draft, setDraft] = useState<string | null>(null);
  const [saved, setSaved] = useState<Saved>("saved");
  const [isDone, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const waiting = useRef<string | null>(null);

  const save = async (): Promise<void> => {
    clearTimeout(timer.current);
    const text = waiting.current;
    if (text === null) return;
    waiting.current = null;
    setSaved("saving");
    const isTaken = await onSave(text);
    if (waiting.current !== null) return; // typed on meanwhile
    setSaved(isTaken ? "saved" : "failed");
    setDone(isTaken);
    if (isTaken) setDraft(null);
  };
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => {
    const onHide = (): void => void latest.current();
    addEventListener("pagehide", onHide);
    return () => {
      removeEventListener("pagehide", onHide);
      void latest.current();
    };
  }, []);

  const text = draft ?? notes;
  return (
    <div class="notes">
      <textarea
        aria-label="Notes"
        placeholder="Notes: why this run, what was seen"
        rows={Math.min(14, Math.max(2, text.split("\n").length))}
        value={text}
        onInput={(event) => {
          setDraft(event.currentTarget.value);
          waiting.current = event.currentTarget.value;
          setSaved("typing");
          setDone(false);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => void latest.current(), TYPING_MS);
        }}
        onBlur={() => void save()}
      />
      <span class={`notes-state${saved === "failed" ? " notes-failed" : ""}`} role="status">{isDone ? "saved" : SAID[saved]}</span>
    </div>
  );
}
