/** @file Holds the arrows between the folders of `src`: app -> features -> (components, api, i18n, lib, styles); a feature never
 * imports another feature; only host.tauri.ts names @tauri-apps; the test host stays with the tests. Prints what is broken, ends with 1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';

/** From a folder to those it may import, besides itself. */
const allowed = {
  app: ['features', 'components', 'api', 'i18n', 'lib', 'styles'], features: ['components', 'api', 'i18n', 'lib', 'styles'],
  components: ['api', 'i18n', 'lib', 'styles'], i18n: ['lib'], lib: ['api'], api: [], styles: [], test: ['app', 'features', 'components', 'api', 'i18n', 'lib', 'styles'],
};

const broken = [];
for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (!/\.tsx?$/.test(file) || file.endsWith('.d.ts')) continue;
  const path = file.split(sep).join('/');
  const [from, feature] = path.split('/');
  const text = readFileSync(join('src', file), 'utf8');
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (target.startsWith('@tauri-apps') && path !== 'api/host.tauri.ts') broken.push(`${path}: names ${target}; only api/host.tauri.ts may`);
    if (!target.startsWith('.')) continue;
    const to = normalize(join(dirname(path), target)).split(sep).join('/');
    const [folder, other] = to.split('/');
    if (folder === '..') broken.push(`${path}: leaves src by ${target}`);
    else if (path.includes('.test.')) continue;
    else if (folder !== from && !allowed[from]?.includes(folder)) broken.push(`${path}: ${from} must not import ${folder} (${target})`);
    else if (from === 'features' && folder === 'features' && other !== feature) broken.push(`${path}: a feature must not import another (${target})`);
  }
}
for (const line of broken) console.error(line);
if (broken.length) process.exit(1);
console.log('arrows: all point downward');
