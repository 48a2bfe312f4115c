/** Things on their way that a record needs before it can be drawn. Call `release` when it is no longer shown. */
export interface Preparation {
  isReady: boolean;
  /** Rejects with words for people. */
  ready: Promise<void>;
  release(): void;
}
