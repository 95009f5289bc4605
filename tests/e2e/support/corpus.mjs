// Recorded traffic of real providers, read where it is present; nothing of it lies in this tree.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './gateway.mjs';

const folder = process.env.ONECHAT_CORPUS ?? path.join(root, '../shared/corpus');
export const corpus_present = existsSync(path.join(folder, 'INDEX.tsv'));

// Recordings of one dialect that have a request and a response as sent on the wire.
export function recordings(dialect) {
  if (!corpus_present) return [];
  const [head, ...rows] = readFileSync(path.join(folder, 'INDEX.tsv'), 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
  const column = Object.fromEntries(head.map((name, i) => [name, i]));
  return rows
    .filter((row) => row[column.dialect] === dialect && row[column.request_file].endsWith('.json') && ['json', 'sse'].includes(row[column.framing]))
    .map((row) => ({
      name: row[column.file].replace(/^.*\//, '').replace(/\.resp\..*$/, ''),
      endpoint: row[column.endpoint],
      provider: row[column.provider],
      framing: row[column.framing],
      status: Number(row[column.status]),
      request: () => readFileSync(path.join(folder, row[column.request_file])),
      response: () => readFileSync(path.join(folder, row[column.file])),
    }));
}
