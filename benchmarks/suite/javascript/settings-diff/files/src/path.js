/** A path of keys as text: joined by dots; a dot or a backslash in a key gets a backslash. */
export function joinPath(keys) {
  return keys.map((key) => key.replace(/[\\.]/g, '\\$&')).join('.');
}
