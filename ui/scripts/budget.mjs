/** @file Builds the bundle and holds it to its budget (gzip): what the first paint needs, each page, the chart, all styles.
 * Also proves that the test host and its rows did not slip in. Prints the figures; ends with 1 when one is over.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Kilobytes after gzip. The first paint is React, antd's core, the shell and both languages. */
const limits = { first: 330, page: 120, chart: 200, styles: 88, all: 760 };

await build({ logLevel: 'error' });
const folder = 'dist/assets';
const html = readFileSync('dist/index.html', 'utf8');
const files = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name));
  return { name, text: text.toString('utf8'), size: gzipSync(text).length / 1000 };
});
const total = (list) => list.reduce((sum, file) => sum + file.size, 0);
const scripts = files.filter((file) => file.name.endsWith('.js'));
const first = scripts.filter((file) => html.includes(file.name));
const groups = {
  first: total(first), page: Math.max(...scripts.filter((file) => file.name.startsWith('page-')).map((file) => file.size)),
  chart: total(scripts.filter((file) => file.name.startsWith('chart-'))), styles: total(files.filter((file) => file.name.endsWith('.css'))), all: total(scripts),
};
let over = false;
for (const [name, limit] of Object.entries(limits)) {
  const size = groups[name];
  console.log(`budget: ${name.padEnd(7)} ${size.toFixed(0).padStart(4)} of ${limit} kB gzip`);
  if (!(size <= limit)) over = true;
}
const leaked = files.filter((file) => file.text.includes('hotel-customer-service.jsonl')).map((file) => file.name);
if (leaked.length) console.error(`budget: the test host is in ${leaked.join(', ')}`);
const outside = files.filter((file) => /url\(["']?https?:|@import ["']?https?:/.test(file.text)).map((file) => file.name);
if (outside.length) console.error(`budget: fetched from a network: ${outside.join(', ')}`);
if (over || leaked.length || outside.length) process.exit(1);
