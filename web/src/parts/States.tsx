/** What stands where content is not: loading, empty, filtered away, failed. Never one for the other. */
import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "@/api/errors";
import { Button } from "@/parts/Button";
import { Hint } from "@/parts/Hint";
import { Icon, type IconName } from "@/parts/Icon";
import { useRecovery } from "@/parts/useRecovery";
import "@/parts/parts.css";

export interface EmptyStateProps {
  title: ComponentChildren;
  icon?: IconName;
  children?: ComponentChildren;
  action?: ComponentChildren;
  /** For the inside of a panel. */
  isSmall?: boolean;
}

export function EmptyState({ title, icon, children, action, isSmall }: EmptyStateProps): JSX.Element {
  return (
    <div class={`state${isSmall ? " state-small" : ""}`} role="status">
      {icon && <Icon name={icon} size={isSmall ? 16 : 24} />}
      <div class="state-title">{title}</div>
      {children !== undefined && <div class="state-text">{children}</div>}
      {action !== undefined && <div class="state-action">{action}</div>}
    </div>
  );
}

export interface ErrorStateProps {
  /** What was being done: "The runs could not be loaded". */
  title: string;
  error: ApiError;
  /** Behind the button; also called by itself when the server answers again. */
  onRetry?: () => void;
  isSmall?: boolean;
}

export function ErrorState({ title, error, onRetry, isSmall }: ErrorStateProps): JSX.Element {
  useRecovery(onRetry);
  return (
    <div class={`state state-error${isSmall ? " state-small" : ""}`} role="alert">
      <Icon name="warning" size={isSmall ? 16 : 24} />
      <div class="state-title">{title}</div>
      <div class="state-text">
        <Hint text={error.message} />
        {error.hint && <div class="state-hint"><Hint text={error.hint} /></div>}
      </div>
      {onRetry && <div class="state-action"><Button icon="reset" onClick={onRetry}>Try again</Button></div>}
    </div>
  );
}

/** A grey bar of the size that the content will have. Sizes in px, or a share of the parent ("60%"). */
export function Skeleton({ width = "100%", height = 12 }: { width?: number | string; height?: number | string }): JSX.Element {
  return <span class="skeleton" style={{ width: lengthOf(width), height: lengthOf(height) }} aria-hidden="true" />;
}

function lengthOf(size: number | string): string {
  return typeof size === "number" ? `${size}px` : size;
}
