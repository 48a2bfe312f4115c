import type { JSX, Ref, TargetedKeyboardEvent } from "preact";
import { Hint } from "@/parts/Hint";
import { Icon, type IconName } from "@/parts/Icon";
import { IconButton } from "@/parts/Button";
import "@/parts/parts.css";

export interface TextFieldProps {
  label: string;
  value: string;
  placeholder?: string;
  icon?: IconName;
  isSecret?: boolean;
  /** Drawn under the field, in red. */
  error?: string | undefined;
  isInvalid?: boolean;
  hasClear?: boolean;
  isMono?: boolean;
  fieldRef?: Ref<HTMLInputElement>;
  onInput: (text: string) => void;
  /** Enter, or leaving the field. */
  onCommit?: (text: string) => void;
  onKeyDown?: (event: TargetedKeyboardEvent<HTMLInputElement>) => void;
}

export function TextField(props: TextFieldProps): JSX.Element {
  const isInvalid = props.isInvalid === true || props.error !== undefined;
  return (
    <div class={`field${isInvalid ? " field-invalid" : ""}`}>
      <div class="field-box">
        {props.icon && <Icon name={props.icon} size={14} />}
        <input
          ref={props.fieldRef ?? null}
          class={props.isMono ? "mono" : undefined}
          {...(props.isSecret ? { type: "password" as const } : {})}
          aria-label={props.label}
          aria-invalid={isInvalid}
          placeholder={props.placeholder}
          value={props.value}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => props.onInput(event.currentTarget.value)}
          onChange={(event) => props.onCommit?.(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") props.onCommit?.(event.currentTarget.value);
            props.onKeyDown?.(event);
          }}
        />
        {props.hasClear && props.value !== "" && (
          <IconButton
            icon="close"
            size={12}
            label={`Clear ${props.label.toLowerCase()}`}
            onClick={() => { props.onInput(""); props.onCommit?.(""); }}
          />
        )}
      </div>
      {props.error !== undefined && <p class="field-error" role="alert"><Hint text={props.error} /></p>}
    </div>
  );
}
