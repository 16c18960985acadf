import { basketTotal } from './basket.js';
import { NotFound, fileStore } from './products.js';

const [path, ...words] = process.argv.slice(2);
const basket = words.map((word) => {
  const [id, count] = word.split('=');
  return { id, count: Number(count ?? 1) };
});

basketTotal(fileStore(path), basket, null, (error, total) => {
  if (error instanceof NotFound) {
    console.log(`unknown: ${error.id}`);
    process.exitCode = 3;
  } else if (error) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    console.log(`total: ${(total / 100).toFixed(2)}`);
  }
});
