import type { JSX } from "preact";
import { Hint } from "@/parts/Hint";
import { IconButton } from "@/parts/Button";
import { dismissToast, toasts } from "@/state/page/toasts";
import "@/panels/frame.css";

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast toast-${toast.tone}`}>
          <div>
            {toast.text}
            {toast.hint !== undefined && <div class="toast-hint"><Hint text={toast.hint} /></div>}
          </div>
          <IconButton icon="close" size={12} label="Dismiss" onClick={() => dismissToast(toast.id)} />
        </div>
      ))}
    </div>
  );
}
