import assert from 'node:assert/strict';
import test from 'node:test';

import { JobQueue } from '../src/index.js';

test('jobs run in order, one at a time', async () => {
  const queue = new JobQueue(1);
  const seen = [];
  const jobs = [1, 2, 3].map((n) => queue.add(async () => seen.push(n)));
  await Promise.all(jobs);
  assert.deepEqual(seen, [1, 2, 3]);
  await queue.idle();
});
