/** Short messages at the bottom: a write that failed, a link that was copied. Never the only place of an error that lasts. */
import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  tone: "info" | "error";
  text: string;
  hint?: string;
}

const SHOWN_MS = { info: 3_000, error: 9_000 };
let nextId = 1;

export const toasts = signal<readonly Toast[]>([]);

export function showToast(text: string, options: { tone?: Toast["tone"]; hint?: string } = {}): void {
  const tone = options.tone ?? "info";
  const toast: Toast = { id: nextId++, tone, text, ...(options.hint ? { hint: options.hint } : {}) };
  toasts.value = [...toasts.peek().slice(-3), toast];
  setTimeout(() => dismissToast(toast.id), SHOWN_MS[tone]);
}

export function dismissToast(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}
