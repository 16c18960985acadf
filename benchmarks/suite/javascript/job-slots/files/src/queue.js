import { Stats } from './stats.js';

/** Runs jobs, at most `slots` of them at a time, in the order in which they were added. */
export class JobQueue {
  #waiting = [];
  #idle = [];

  constructor(slots) {
    if (!Number.isInteger(slots) || slots < 1) {
      throw new RangeError(`a queue needs at least one slot, not ${slots}`);
    }
    this.slots = slots;
    this.stats = new Stats();
  }

  /**
   * Adds a job: a function that returns a promise or a value. The result is a promise of what
   * the job returns.
   */
  add(job) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** A promise that is resolved when no job waits or runs. */
  idle() {
    if (this.stats.running === 0 && this.#waiting.length === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next() {
    while (this.stats.running < this.slots && this.#waiting.length > 0) {
      const { job, resolve, reject } = this.#waiting.shift();
      this.stats.started += 1;
      const result = job();
      Promise.resolve(result).then((value) => {
        this.#finish();
        resolve(value);
      }, reject);
    }
  }

  #finish() {
    this.stats.finished += 1;
    this.#next();
    if (this.stats.running === 0 && this.#waiting.length === 0) {
      const idle = this.#idle;
      this.#idle = [];
      idle.forEach((resolve) => resolve());
    }
  }
}
