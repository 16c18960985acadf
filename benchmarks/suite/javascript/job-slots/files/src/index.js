export { JobQueue } from './queue.js';
export { Stats } from './stats.js';
