/** What is to be undone when something is over: listeners, timers, effects. Each once; what comes later, at once. */
export class Ends {
  readonly #stops: (() => void)[] = [];
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  add(...stops: (() => void)[]): void {
    if (this.#isOver) for (const stop of stops) stop();
    else this.#stops.push(...stops);
  }

  /** The last comes first. */
  end(): void {
    this.#isOver = true;
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) stop();
  }
}
