import { readFileSync } from 'node:fs';

import { toIcs } from './ics.js';

process.stdout.write(toIcs(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
