/** Counts what a queue did. */
export class Stats {
  constructor() {
    this.started = 0;
    this.finished = 0;
  }

  get running() {
    return this.started - this.finished;
  }
}
