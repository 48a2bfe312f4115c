/** Scenes of records, kept while they are shown and a little longer: scrubbing back and forth loads nothing twice. */
import { effect } from "@preact/signals";
import type { Object3DRecord } from "@/api/schema";
import { Recent } from "@/lib/recent";
import { Content } from "@/media/object3d/content";
import { contextAge } from "@/media/object3d/engine";

const IDLE_BYTES = 256 * 1024 * 1024;
const IDLE_COUNT = 24;
const LOADING_AT_ONCE = 3;

interface Entry {
  content: Content;
  ready: Promise<Content>;
  users: number;
}

const entries = new Recent<string, Entry>({
  limit: IDLE_BYTES,
  // Only what nobody shows takes of the limit; a small one counts as its share of the most that are kept.
  size: ({ users, content }) => (users > 0 ? 0 : Math.max(content.sizeBytes, Math.floor(IDLE_BYTES / IDLE_COUNT))),
  mayGo: (_key, { users }) => users === 0,
  onGone: (_key, { content }) => content.dispose(),
});
const keys = new WeakMap<object, string>();
const queue: (() => void)[] = [];
let loading = 0;

export interface Hold {
  content: Content;
  /** Resolves when it can be drawn (or says why it can't); rejects when the bytes could not be fetched. */
  ready: Promise<Content>;
  release: () => void;
}

export function holdContent(record: Object3DRecord): Hold {
  const key = keyOf(record);
  if (entries.peek(key)?.content.isDisposed) entries.delete(key);
  const held = entries.getOrMake(key, () => makeEntry(record, key));
  held.users += 1;
  let isHeld = true;
  return {
    content: held.content,
    ready: held.ready,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      held.users -= 1;
      if (held.users === 0) entries.trim();
    },
  };
}

/** The scene of a record, when it is loaded. */
export function peekContent(record: Object3DRecord): Content | undefined {
  const found = entries.peek(keyOf(record))?.content;
  return found && !found.isDisposed && found.isReady ? found : undefined;
}

function keyOf(record: Object3DRecord): string {
  let key = keys.get(record);
  if (key === undefined) keys.set(record, (key = JSON.stringify({ ...record, caption: null, sample_id: null })));
  return key;
}

function makeEntry(record: Object3DRecord, key: string): Entry {
  const content = new Content(record);
  const ready = turn().then(async () => {
    try {
      await content.load();
      return content;
    } catch (thrown) {
      if (entries.peek(key)?.content === content) entries.delete(key); // the next one tries again
      content.dispose();
      throw thrown;
    } finally {
      loading -= 1;
      queue.shift()?.();
    }
  });
  ready.catch(() => undefined); // whoever prefetches does not listen
  return { content, ready, users: 0 };
}

function turn(): Promise<void> {
  if (loading < LOADING_AT_ONCE) {
    loading += 1;
    return Promise.resolve();
  }
  return new Promise((resolve) =>
    queue.push(() => {
      loading += 1;
      resolve();
    }),
  );
}

let age = contextAge.peek();
effect(() => {
  if (contextAge.value === age) return;
  age = contextAge.value;
  const lost = [...entries.values()];
  entries.clear();
  for (const { content } of lost) content.dispose();
});
