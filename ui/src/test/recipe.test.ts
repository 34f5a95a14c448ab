/** @file The mapping editor's steps from recipe to recipe, and what a kept draft must be. */
import { expect, it } from 'vitest';
import type { Recipe } from '../api/generated/types';
import { freshWizard, isOpen, readWizard } from '../features/datasets/wizard/draft';
import { columnOf, missing, shapes, sketch, speakers, templateOf, withKind, withPart, withRole, withSource } from '../features/datasets/wizard/source/recipe';
import { around } from '../features/datasets/parts/changes';
import { seen } from './source.data';

const table = seen('/data/hotel.csv', {});
const chat = seen('/data/chat.csv', {});

it('knows a template that is one column from one that is words', () => {
  expect(columnOf(templateOf('问题'))).toBe('问题');
  expect(columnOf('{回答?}')).toBe('回答');
  for (const words of ['', '问题', '{a}{b}', '{a} ', '{ }', '{{a}}']) expect(columnOf(words)).toBeNull();
});

it('sketches every shape out of the columns there are', () => {
  for (const list of Object.values(shapes)) for (const shape of list) expect(missing({ version: 1, kind: 'sft', source: sketch(shape, table.columns) }, table.columns)).toEqual([]);
  expect(sketch('pair', ['答案', '提问'])).toEqual({ shape: 'pair', question: '{提问}', answer: '{答案}' });
});

it('groups turns always, texts never, and comes back to the guess with its kind', () => {
  const turn = withSource(table.recipe, sketch('turn', table.columns));
  expect(turn.group).toEqual({ by: [] });
  const text = withKind({ ...turn, system: '你是客服。' }, 'cpt', table);
  expect(text).toEqual({ version: 1, kind: 'cpt', source: { shape: 'text', text: '{问题}' } });
  expect(withKind(text, 'sft', table)).toBe(table.recipe);
});

it('leaves out what is empty', () => {
  const full = withPart(withRole(chat.recipe, '小云', null), 'system', '你好');
  expect(full).toMatchObject({ roles: { 小云: null }, system: '你好' });
  expect(withPart(withRole(full, '小云', undefined), 'system', null)).toEqual(chat.recipe);
  expect(speakers(chat, chat.recipe)).toEqual(['客户', '小云']);
});

it('names the columns that a kept recipe lacks here', () => {
  const kept: Recipe = { version: 1, kind: 'sft', source: { shape: 'turn', speaker: 'who', content: '{{x}} {内容}' }, group: { by: ['会话'], order: 'when' } };
  expect(missing(kept, chat.columns)).toEqual(['who', 'when']);
});

it('reads only drafts of its own, and opens no step that was not reached', () => {
  for (const other of ['', 'null', '[]', '{"step":"publish","reached":"check"}', '{"step":"check"}']) expect(readWizard(other)).toBeNull();
  const draft = readWizard('{"step":"check","reached":"privacy","path":"/data/a.csv"}');
  expect(draft).toEqual(freshWizard({ step: 'check', reached: 'privacy', path: '/data/a.csv' }));
  expect(draft && ['choose', 'check', 'privacy', 'upload'].map((step) => isOpen(draft, step as 'choose'))).toEqual([true, true, true, false]);
});

it('shows a change with what surrounds it, loses no changed text, and splits no character', () => {
  const long = 'x'.repeat(900);
  const parts = around(`${long}早餐${long}`, `${long}晚餐${long}`);
  expect(parts.filter((part) => part.differs).map((part) => part.text)).toEqual(['早']);
  expect(parts.map((part) => part.text).join('').length).toBeLessThan(400);
  for (const part of around('a😀b', 'a😁b')) expect(part.text).not.toMatch(/[\ud800-\udbff]$|^[\udc00-\udfff]/);
  expect(around('same', 'same').some((part) => part.differs)).toBe(false);
});
