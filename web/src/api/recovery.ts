/**
 * Whether the server answers, and what to do when it answers again: everything that failed meanwhile is asked for anew.
 * The API client says what it meets; whoever keeps a failure listens. Knows neither the network nor signals.
 */

const downListeners = new Set<() => void>();
const recoveryListeners = new Set<() => void>();
let isDown = false;

/** Call `listener` when the server stops answering. Returns the way to stop. */
export function onDown(listener: () => void): () => void {
  downListeners.add(listener);
  return () => downListeners.delete(listener);
}

/** Call `listener` when the server answers again: the moment to ask for what failed. Returns the way to stop. */
export function onRecovery(listener: () => void): () => void {
  recoveryListeners.add(listener);
  return () => recoveryListeners.delete(listener);
}

/** A request found no server. Answers whether that is news. */
export function noteDown(): boolean {
  if (isDown) return false;
  isDown = true;
  for (const listener of [...downListeners]) listener();
  return true;
}

/** A request was answered. */
export function noteUp(): void {
  if (!isDown) return;
  isDown = false;
  for (const listener of [...recoveryListeners]) listener();
}
