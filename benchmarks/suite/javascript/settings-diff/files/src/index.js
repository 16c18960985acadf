export { mergeSettings } from './merge.js';
export { joinPath } from './path.js';
export { isPlainObject, sameValue } from './values.js';
