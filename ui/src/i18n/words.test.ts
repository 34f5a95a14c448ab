/** @file Both languages say the same things: keys, placeholders, and nothing left in the other language. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { en } from './en';
import { zh } from './zh';

function flat(words: object, prefix = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) => (typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value as object, `${prefix}${key}.`)));
}
const english = flat(en);
const chinese = new Map(flat(zh));
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

it('has the same keys and placeholders in both', () => {
  expect([...chinese.keys()].sort()).toEqual(english.map(([key]) => key).sort());
  for (const [key, text] of english) expect([key, holes(chinese.get(key) ?? '')]).toEqual([key, holes(text)]);
});

it('leaves no English sentence in Chinese, no Chinese in English, and no half-width stop after Han', () => {
  const name = /^(LoRA|SHA-256|Top-p|AccessKey|ID|ONNX|API|Token|[{}\w\s–/·%.]*$)/;
  for (const [key, text] of english) if (!key.startsWith('command.')) expect([key, /\p{Script=Han}/u.test(text)]).toEqual([key, false]);
  for (const [key, text] of chinese) {
    expect([key, /\p{Script=Han}/u.test(text) || name.test(text)]).toEqual([key, true]);
    expect([key, /\p{Script=Han}[,.;:!?]/u.test(text)]).toEqual([key, false]);
  }
});

it('keeps to the glossary', () => {
  const rows = readFileSync('src/i18n/glossary.md', 'utf8').split('\n').slice(3).map((line) => line.split('|').map((part) => part.trim())).filter((row) => row.length > 4);
  expect(rows.length).toBeGreaterThan(20);
  for (const [, term, , avoided] of rows) {
    for (const word of (avoided ?? '').split('、').filter(Boolean)) for (const [key, text] of chinese) expect([term, key, text.includes(word)]).toEqual([term, key, false]);
  }
});

it('uses every word', () => {
  const sources = import.meta.glob('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>;
  const text = Object.entries(sources).filter(([file]) => !file.includes('i18n/en') && !file.includes('i18n/zh') && !file.includes('.test.')).map(([, source]) => source).join('\n');
  const unused = english.map(([key]) => key.replace(/_(one|other)$/, '')).filter((key) => {
    const last = key.slice(key.lastIndexOf('.') + 1);
    const parent = key.slice(0, key.lastIndexOf('.'));
    return !text.includes(`'${key}'`) && !text.includes(`\`${parent}.\${`) && !text.includes(`'${parent}'`) && !text.includes(`.${last}'`);
  });
  expect(unused).toEqual([]);
});
