/** @file What the mapping editor does with a recipe: pure steps from one recipe to the next. Templates are `{column}` and words. */
import type { DatasetKind, Recipe, RecipeSource, SourceSeen } from '../../../../api/generated/types';

export type Shape = RecipeSource['shape'];

export const kinds: DatasetKind[] = ['sft', 'dpo', 'cpt'];

/** What one row of a source can be, by what comes out. */
export const shapes: Record<DatasetKind, Shape[]> = { sft: ['pair', 'turn', 'messages'], dpo: ['preference'], cpt: ['text'] };

/** The template that is one column's value; braces within a name cannot be said. */
export const templateOf = (column: string, optional = false) => `{${column}${optional ? '?' : ''}}`;

/** The column that a template is, where it is nothing else. */
export function columnOf(template: string): string | null {
  const match = /^\{([^{}]+?)(\?)?\}$/.exec(template);
  return match?.[1]?.trim() ? match[1] : null;
}

const usual: Record<string, RegExp> = {
  question: /^(question|query|prompt|instruction|input|user|问题?|提问|问|指令|用户)/i, answer: /^(answer|response|output|reply|completion|assistant|答案?|回答|回复|客服)/i, chosen: /^(chosen|preferred|accepted|win|更?好|优选|采纳)/i,
  rejected: /^(reject|loser?|worse|差|拒|劣)/i, text: /^(text|content|body|正文|内容|文本)/i, speaker: /^(speaker|role|sender|from|发送[人者]|角色|说话人|发言人)/i, messages: /^(messages?|conversations?|dialog(ue)?|对话|消息)/i,
};

/** The column that a field most likely means: by its name, else the first that is free. */
function likely(columns: readonly string[], field: keyof typeof usual, taken: string[] = []): string {
  return columns.find((name) => usual[field]?.test(name) && !taken.includes(name)) ?? columns.find((name) => !taken.includes(name)) ?? columns[0] ?? '';
}

/** A first sketch of a shape for these columns. */
export function sketch(shape: Shape, columns: readonly string[]): RecipeSource {
  const first = (field: keyof typeof usual, ...taken: string[]) => likely(columns, field, taken);
  if (shape === 'pair') { const question = first('question'); return { shape, question: templateOf(question), answer: templateOf(first('answer', question)) }; }
  if (shape === 'turn') { const speaker = first('speaker'); return { shape, speaker, content: templateOf(first('text', speaker)) }; }
  if (shape === 'messages') return { shape, column: first('messages') };
  if (shape === 'text') return { shape, text: templateOf(first('text')) };
  const question = first('question');
  const chosen = first('chosen', question);
  return { shape, question: templateOf(question), chosen: templateOf(chosen), rejected: templateOf(first('rejected', question, chosen)) };
}

/** Another kind of rows: its first shape, or the guess where the guess is of that kind. */
export function withKind(recipe: Recipe, kind: DatasetKind, seen: SourceSeen): Recipe {
  if (kind === recipe.kind) return recipe;
  if (kind === seen.recipe.kind) return seen.recipe;
  return withSource({ ...recipe, kind }, sketch(shapes[kind][0] ?? 'pair', seen.columns));
}

/** Another source; a turn needs a grouping, a text has neither group nor system message. */
export function withSource(recipe: Recipe, source: RecipeSource): Recipe {
  const { group, system, tools, thinking, ...rest } = recipe;
  if (source.shape === 'text') return { ...rest, source };
  const next: Recipe = { ...rest, source, ...(system !== undefined && { system }), ...(tools !== undefined && { tools }), ...(thinking !== undefined && { thinking }) };
  if (source.shape === 'turn') next.group = group ?? { by: [] };
  else if (source.shape === 'pair' && group) next.group = group;
  return next;
}

/** Sets an optional part, or leaves it out where it is empty. */
export function withPart(recipe: Recipe, part: 'system' | 'tools' | 'thinking' | 'others', value: string | null): Recipe {
  const next = { ...recipe };
  if (value) next[part] = value; else delete next[part];
  return next;
}

/** Names of who speaks among the first records, most frequent first. */
export function speakers(seen: SourceSeen, recipe: Recipe): string[] {
  if (recipe.source.shape !== 'turn') return Object.keys(recipe.roles ?? {});
  const at = seen.columns.indexOf(recipe.source.speaker);
  const count = new Map<string, number>();
  for (const record of seen.records) { const name = record.values[at]?.trim(); if (name) count.set(name, (count.get(name) ?? 0) + 1); }
  for (const name of Object.keys(recipe.roles ?? {})) if (!count.has(name)) count.set(name, 0);
  return [...count].sort((a, b) => b[1] - a[1]).map(([name]) => name).slice(0, 30);
}

/** Who a name is; without an entry, as usage has it. */
export function withRole(recipe: Recipe, name: string, role: string | null | undefined): Recipe {
  const { [name]: _, ...others } = recipe.roles ?? {};
  const roles = role === undefined ? others : { ...others, [name]: role };
  const { roles: __, ...rest } = recipe;
  return Object.keys(roles).length ? { ...rest, roles } : rest;
}

/** Columns that a kept recipe names and this source does not have. */
export function missing(recipe: Recipe, columns: readonly string[]): string[] {
  const texts = Object.entries(recipe.source).filter(([key]) => key !== 'shape' && key !== 'column' && key !== 'speaker' && key !== 'history').map(([, value]) => value as string).concat(recipe.system ?? []);
  const holes = texts.flatMap((text) => [...text.replace(/\{\{|\}\}/g, '').matchAll(/\{([^{}?]+)\}/g)].map((match) => match[1] ?? ''));
  const plain = ['column' in recipe.source && recipe.source.column, 'speaker' in recipe.source && recipe.source.speaker, 'history' in recipe.source && recipe.source.history, ...(recipe.group?.by ?? []), recipe.group?.order];
  return [...new Set([...holes, ...plain.filter((name): name is string => Boolean(name))])].filter((name) => !columns.includes(name));
}
