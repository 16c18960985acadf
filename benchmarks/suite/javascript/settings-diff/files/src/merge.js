import { isPlainObject } from './values.js';

/** The settings with others on top; neither is changed. */
export function mergeSettings(base, over) {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const both = isPlainObject(merged[key]) && isPlainObject(value);
    merged[key] = both ? mergeSettings(merged[key], value) : value;
  }
  return merged;
}
