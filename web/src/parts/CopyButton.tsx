import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { IconButton } from "@/parts/Button";
import { showToast } from "@/state/toasts";

/** Put text on the clipboard; also where the page is not served over https (then through a hidden field). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}

/** Copies `text` (made when asked, if it is a function) and says so with a check mark. */
export function CopyButton({ text, label = "Copy" }: { text: string | (() => string); label?: string }): JSX.Element {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    if (await copyText(typeof text === "string" ? text : text())) {
      setDone(true);
      setTimeout(() => setDone(false), 1_200);
    } else showToast("The browser did not allow copying.", { tone: "error" });
  };
  return <IconButton icon={isDone ? "check" : "copy"} size={14} label={isDone ? "Copied" : label} onClick={() => void copy()} />;
}
