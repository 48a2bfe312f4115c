/** What is still on its way to a tile: the player waits for it before it goes on. */

export function makeWaiting() {
  /** What is still on its way to a tile: the player waits for it before it goes on. */

  const pending = new Set<object>();
  const waiters = new Set<() => void>();

  /** A tile says that it does not yet show what it was asked for. */
  function markPending(owner: object): void {
    pending.add(owner);
  }

  /** ... and that it does, or that it never will. */
  function markSettled(owner: object): void {
    if (!pending.delete(owner) || pending.size > 0) return;
    for (const resume of waiters) resume();
    waiters.clear();
  }

  function isPending(): boolean {
    return pending.size > 0;
  }

  /** Resolves when every tile on the page shows what it was asked for (or says why it can't): the player waits for it. */
  function whenReady(): Promise<void> {
    return pending.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.add(resolve));
  }

  return { markPending, markSettled, isPending, whenReady };
}

export type ScopeWaiting = ReturnType<typeof makeWaiting>;
