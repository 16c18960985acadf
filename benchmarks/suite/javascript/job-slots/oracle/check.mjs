import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { JobQueue } from '../src/index.js';

const within = { timeout: 500 };
// A promise that is never settled keeps no process alive.
const alive = setInterval(() => {}, 100);
after(() => clearInterval(alive));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('values and promises are passed on', within, async () => {
  const queue = new JobQueue(2);
  assert.equal(await queue.add(() => 7), 7);
  assert.equal(await queue.add(async () => 'x'), 'x');
  assert.equal(await queue.add(() => undefined), undefined);
});

test('a rejection goes to its caller and frees the slot', within, async () => {
  const queue = new JobQueue(1);
  const error = new Error('no such file');
  const first = queue.add(() => Promise.reject(error));
  const second = queue.add(async () => 2);
  await assert.rejects(first, (found) => found === error);
  assert.equal(await second, 2);
  assert.equal(queue.stats.running, 0);
});

test('a job that throws at once is a rejection too', within, async () => {
  const queue = new JobQueue(1);
  const error = new TypeError('thrown');
  const first = queue.add(() => {
    throw error;
  });
  await assert.rejects(first, (found) => found === error);
  assert.equal(await queue.add(() => 3), 3);
});

test('a job that throws does not disturb the job that made room for it', within, async () => {
  const queue = new JobQueue(1);
  const first = queue.add(async () => {
    await pause(5);
    return 'first';
  });
  const second = queue.add(() => {
    throw new Error('second');
  });
  const third = queue.add(() => 'third');
  const ends = await Promise.allSettled([first, second, third]);
  assert.deepEqual(
    ends.map((end) => end.value ?? end.reason.message),
    ['first', 'second', 'third'],
  );
});

test('all slots stay in use after many failures', within, async () => {
  const queue = new JobQueue(3);
  let running = 0;
  let most = 0;
  const failing = Array.from({ length: 20 }, (_, n) =>
    queue.add(() => {
      if (n % 2) throw new Error(`thrown ${n}`);
      return Promise.reject(new Error(`rejected ${n}`));
    }),
  );
  const ends = await Promise.allSettled(failing);
  assert.ok(ends.every((end) => end.status === 'rejected'));
  const good = Array.from({ length: 9 }, () =>
    queue.add(async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(5);
      running -= 1;
    }),
  );
  await Promise.all(good);
  assert.equal(most, 3);
  assert.equal(queue.stats.started, 29);
  assert.equal(queue.stats.finished, 29);
});

test('idle() is resolved when all have ended, however', within, async () => {
  const queue = new JobQueue(2);
  let ended = 0;
  const jobs = [
    queue.add(async () => {
      await pause(10);
      ended += 1;
    }),
    queue.add(async () => {
      await pause(20);
      ended += 1;
      throw new Error('late');
    }),
    queue.add(() => {
      ended += 1;
      throw new Error('at once');
    }),
  ];
  const settled = Promise.allSettled(jobs);
  await Promise.all([queue.idle(), queue.idle()]);
  assert.equal(ended, 3);
  await settled;
  await queue.idle();
});

test('a failing job in the middle keeps the order', within, async () => {
  const queue = new JobQueue(1);
  const seen = [];
  const jobs = [1, 2, 3, 4].map((n) =>
    queue.add(async () => {
      seen.push(n);
      if (n === 2) throw new Error('two');
    }),
  );
  await Promise.allSettled(jobs);
  assert.deepEqual(seen, [1, 2, 3, 4]);
});
