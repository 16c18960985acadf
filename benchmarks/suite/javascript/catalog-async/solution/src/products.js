import { readFile } from 'node:fs';

export class NotFound extends Error {
  constructor(id) {
    super(`no product ${id}`);
    this.name = 'NotFound';
    this.id = id;
  }
}

/** A store that reads products from a file, once for each call. */
export function fileStore(path) {
  return {
    get(id, callback) {
      readFile(path, 'utf8', (error, text) => {
        if (error) return callback(error);
        callback(null, JSON.parse(text)[id]);
      });
    },
  };
}

/** Loads a product; a number in cents, a name, and perhaps the `club` price. */
export async function loadProduct(store, id) {
  const product = await new Promise((resolve, reject) => {
    store.get(id, (error, found) => (error ? reject(error) : resolve(found)));
  });
  if (!product || product.retired) throw new NotFound(id);
  return { id, ...product };
}
