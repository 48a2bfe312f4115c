import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { IconButton } from "@/parts/Button";
import type { IconName } from "@/parts/Icon";
import { copyText } from "@/state/clipboard";
import { showToast } from "@/state/toasts";

export interface CopyButtonProps {
  text: string | (() => string);
  label?: string;
  /** Where two stand side by side they must not look alike. */
  icon?: IconName;
}

/** Copies `text` (made when asked, if it is a function) and says so with a check mark. */
export function CopyButton({ text, label = "Copy", icon = "copy" }: CopyButtonProps): JSX.Element {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    if (await copyText(typeof text === "string" ? text : text())) {
      setDone(true);
      setTimeout(() => setDone(false), 1_200);
    } else showToast("The browser did not allow copying.", { tone: "error" });
  };
  return <IconButton icon={isDone ? "check" : icon} size={14} label={isDone ? "Copied" : label} onClick={() => void copy()} />;
}
