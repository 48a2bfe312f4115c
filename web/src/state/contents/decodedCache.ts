/**
 * Decoded things (pictures, masks) by the SHA-256 of their blob: loaded a few at a time, urgent ones first, kept up to
 * a limit of bytes, least recently used out first; what is held (drawn on a tile) stays.
 */
import { onRecovery } from "@/api/recovery";
import type { BlobRef } from "@/api/schema";
import { Recent } from "@/lib/recent";

export interface Loading<T> {
  /** Rejects when the blob can't be fetched or decoded. */
  ready: Promise<T>;
  /** This caller no longer waits. Work that nobody waits for and that has not begun is given up (`ready` rejects). */
  drop(): void;
}

export interface DecodedCacheOptions<T> {
  load: (blob: BlobRef) => Promise<T>;
  sizeBytes: (value: T) => number;
  dispose?: (value: T) => void;
  limitBytes: number;
  /** Loads at the same time. */
  width?: number;
}

interface Job<T> {
  blob: BlobRef;
  /** How many wait, and how many of them urgently; without urgent ones it is prefetching. */
  waiting: number;
  urgent: number;
  isStarted: boolean;
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

interface Kept<T> {
  value: T;
  sizeBytes: number;
}

const FAILURE_KEPT_MS = 10_000;
const retries: (() => void)[] = [];

/** Somebody wants to try again: what failed is asked for anew. */
export function forgetFailures(): void {
  for (const forget of retries) forget();
}

onRecovery(forgetFailures);

export class DecodedCache<T> {
  private readonly kept: Recent<string, Kept<T>>;
  private readonly holds = new Map<string, number>();
  private readonly jobs = new Map<string, Job<T>>();
  private readonly failures = new Map<string, { reason: unknown; at: number }>();
  private running = 0;
  private runningAhead = 0;

  constructor(private readonly options: DecodedCacheOptions<T>) {
    this.kept = new Recent({
      limit: options.limitBytes,
      size: ({ sizeBytes }) => sizeBytes,
      mayGo: (sha256) => !this.holds.has(sha256),
      onGone: (_sha256, { value }) => options.dispose?.(value),
    });
    retries.push(() => this.failures.clear());
  }

  get sizeBytes(): number {
    return this.kept.used;
  }

  /** What is decoded already. */
  get(sha256: string): T | undefined {
    return this.kept.get(sha256)?.value;
  }

  load(blob: BlobRef, isUrgent = true): Loading<T> {
    const found = this.get(blob.sha256);
    if (found !== undefined) return { ready: Promise.resolve(found), drop: () => undefined };
    const failure = this.failures.get(blob.sha256);
    if (failure && performance.now() - failure.at < FAILURE_KEPT_MS) {
      return { ready: Promise.reject(failure.reason), drop: () => undefined };
    }
    const job = this.jobs.get(blob.sha256) ?? this.enqueue(blob);
    job.waiting += 1;
    if (isUrgent) job.urgent += 1;
    let isWaiting = true;
    this.pump();
    return {
      ready: job.promise,
      drop: () => {
        if (!isWaiting) return;
        isWaiting = false;
        job.waiting -= 1;
        if (isUrgent) job.urgent -= 1;
        if (job.waiting > 0 || job.isStarted || this.jobs.get(blob.sha256) !== job) return;
        this.jobs.delete(blob.sha256);
        job.reject(new Error("no longer needed"));
      },
    };
  }

  /** Keep this one however full the cache is, until the returned function is called. */
  hold(sha256: string): () => void {
    this.holds.set(sha256, (this.holds.get(sha256) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.holds.get(sha256) ?? 1) - 1;
      if (left > 0) this.holds.set(sha256, left);
      else this.holds.delete(sha256);
    };
  }

  private enqueue(blob: BlobRef): Job<T> {
    let resolve: (value: T) => void = () => undefined;
    let reject: (reason: unknown) => void = () => undefined;
    const promise = new Promise<T>((onValue, onReason) => {
      resolve = onValue;
      reject = onReason;
    });
    promise.catch(() => undefined); // a prefetch that fails has nobody listening
    const job: Job<T> = { blob, waiting: 0, urgent: 0, isStarted: false, promise, resolve, reject };
    this.jobs.set(blob.sha256, job);
    return job;
  }

  private pump(): void {
    const width = this.options.width ?? 6;
    while (this.running < width) {
      const waiting = [...this.jobs.values()].filter((job) => !job.isStarted);
      const urgent = waiting.find((job) => job.urgent > 0);
      // Prefetching leaves half of the lanes free, so that what is looked at never queues behind it.
      const job = urgent ?? (this.runningAhead < Math.ceil(width / 2) ? waiting[0] : undefined);
      if (!job) return;
      void this.run(job, urgent === undefined);
    }
  }

  private async run(job: Job<T>, isAhead: boolean): Promise<void> {
    const { sha256 } = job.blob;
    job.isStarted = true;
    this.running += 1;
    if (isAhead) this.runningAhead += 1;
    try {
      const value = await this.options.load(job.blob);
      this.keep(sha256, value);
      job.resolve(value);
    } catch (thrown) {
      this.failures.set(sha256, { reason: thrown, at: performance.now() });
      job.reject(thrown);
    } finally {
      this.jobs.delete(sha256);
      this.running -= 1;
      if (isAhead) this.runningAhead -= 1;
      this.pump();
    }
  }

  private keep(sha256: string, value: T): void {
    this.kept.set(sha256, { value, sizeBytes: this.options.sizeBytes(value) });
  }
}
