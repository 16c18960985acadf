import { joinPath } from './path.js';
import { isPlainObject, sameValue } from './values.js';

/** What changed from some settings to others: a list sorted by path. */
export function diffSettings(before, after) {
  const changes = [];
  collect(before, after, [], changes);
  return changes.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
}

function collect(before, after, keys, changes) {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, fresh] = [own(before, key), own(after, key)];
    const path = joinPath([...keys, key]);
    if (isPlainObject(old) && isPlainObject(fresh)) {
      collect(old, fresh, [...keys, key], changes);
    } else if (old === undefined && fresh !== undefined) {
      changes.push({ kind: 'added', path, after: fresh });
    } else if (old !== undefined && fresh === undefined) {
      changes.push({ kind: 'removed', path, before: old });
    } else if (!sameValue(old, fresh)) {
      changes.push({ kind: 'changed', path, before: old, after: fresh });
    }
  }
}

function own(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
