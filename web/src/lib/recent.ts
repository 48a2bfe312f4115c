/** Values by key, the least recently used ones given up first: the one cache of its kind. */

export interface RecentOptions<K, V> {
  /** The most that is kept: entries, or the sum of what `size` says. */
  limit: number;
  /** Asked whenever room is needed, so a size may change while its value is kept. */
  size?: (value: V) => number;
  /** Answers false for what must stay although it is old (it is on the screen). */
  mayGo?: (key: K, value: V) => boolean;
  onGone?: (key: K, value: V) => void;
}

export class Recent<K, V> {
  readonly #kept = new Map<K, V>(); // insertion order = least recently used first
  readonly #options: RecentOptions<K, V>;

  constructor(options: RecentOptions<K, V>) {
    this.#options = options;
  }

  /** Entries. */
  get count(): number {
    return this.#kept.size;
  }

  /** The sum of the sizes. */
  get used(): number {
    const { size } = this.#options;
    if (!size) return this.#kept.size;
    let sum = 0;
    for (const value of this.#kept.values()) sum += size(value);
    return sum;
  }

  /** The value, which now counts as just used. */
  get(key: K): V | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  /** The value without counting as a use. */
  peek(key: K): V | undefined {
    return this.#kept.get(key);
  }

  has(key: K): boolean {
    return this.#kept.has(key);
  }

  /** Keep a value and give up what no longer has room; the newest stays, however large it is. */
  set(key: K, value: V): void {
    this.#kept.delete(key);
    this.#kept.set(key, value);
    this.trim(key);
  }

  /** The value of a key, made when there is none. */
  getOrMake(key: K, make: () => V): V {
    const found = this.get(key);
    if (found !== undefined) return found;
    const made = make();
    this.set(key, made);
    return made;
  }

  delete(key: K): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }

  /** Give up what has no room: after a size has changed, or after something that had to stay may go. */
  trim(newest?: K): void {
    const { limit, size, mayGo, onGone } = this.#options;
    let { used } = this;
    for (const [key, value] of this.#kept) {
      if (used <= limit) return;
      if (key === newest || mayGo?.(key, value) === false) continue;
      used -= size?.(value) ?? 1;
      this.#kept.delete(key);
      onGone?.(key, value);
    }
  }

  /** Least recently used first. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#kept[Symbol.iterator]();
  }

  values(): IterableIterator<V> {
    return this.#kept.values();
  }
}
