import { type JSX, createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import { copyText } from "@/lib/browser/clipboard";
import { IconButton } from "@/parts/Button";
import type { IconName } from "@/parts/Icon";

/** Tells a person, in words, what went wrong; the app says how. */
export const TellError = createContext<(text: string) => void>(() => undefined);

export interface CopyButtonProps {
  text: string | (() => string);
  label?: string;
  /** Where two stand side by side they must not look alike. */
  icon?: IconName;
}

/** Copies `text` (made when asked, if it is a function) and says so with a check mark. */
export function CopyButton({ text, label = "Copy", icon = "copy" }: CopyButtonProps): JSX.Element {
  const tellError = useContext(TellError);
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    if (await copyText(typeof text === "string" ? text : text())) {
      setDone(true);
      setTimeout(() => setDone(false), 1_200);
    } else tellError("The browser did not allow copying.");
  };
  return <IconButton icon={isDone ? "check" : icon} size={14} label={isDone ? "Copied" : label} onClick={() => void copy()} />;
}
