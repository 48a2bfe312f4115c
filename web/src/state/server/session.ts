/** Whether this browser is signed in. The cookie is the server's matter; we only know yes, no, or not yet. */
import { type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onUnauthorized } from "@/api/server";
import { source } from "@/state/server/source";
import type { SessionView } from "@/api/schema";

export type Session = { is: "asking" } | { is: "in"; version: string } | { is: "out" } | { is: "failed"; error: ApiError };

export const session: Signal<Session> = signal({ is: "asking" });

export async function checkSession(): Promise<void> {
  try {
    const view = await source.getJson<SessionView>("api/session");
    session.value = view.is_authenticated ? { is: "in", version: view.version } : { is: "out" };
  } catch (thrown) {
    const error = apiErrorFrom(thrown);
    session.value = error.status === 401 ? { is: "out" } : { is: "failed", error };
  }
}

/** Sign in with the store's key; throws ApiError when it is not the right one. */
export async function signIn(key: string): Promise<void> {
  const view = await source.postJson<SessionView>("api/login", { key });
  if (hasEnded) location.reload(); // the page holds what it asked for before: begin again, at the same address
  session.value = { is: "in", version: view.version };
}

let hasEnded = false;

onUnauthorized(() => {
  if (session.peek().is !== "in") return;
  hasEnded = true;
  session.value = { is: "out" };
});
