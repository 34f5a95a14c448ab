/** @file Where a finding points to within a row, and the text around it. */
import type { BrowsedRow, VersionFinding } from '../../../api/generated/types';

/** A place of a row: its line, the text by its path, the character within the text (from 1; 0 is the whole text). */
export type Spot = Pick<VersionFinding, 'line' | 'at' | 'column'>;

/** The message that a path speaks of: its index, the rejected answer, or the row as a whole. */
export function partOf(row: BrowsedRow, at: string): number | 'rejected' | null {
  const index = /^\$?\.?messages\[(\d+)\]/.exec(at)?.[1];
  if (index !== undefined) return Number(index);
  if (/^\$?\.?rejected/.test(at)) return 'rejected';
  if (/^\$?\.?chosen/.test(at)) return row.messages.length - 1;
  return /^\$?\.?text/.test(at) ? 0 : null;
}

export type Marked = { before: string; marked: string; after: string };
const hidden = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]$/u;

/** The text cut at a character: what is marked is the word that begins there, or the one sign; a sign that cannot be seen is named. */
export function cutAt(text: string, column: number): Marked | null {
  if (column < 1) return null;
  const signs = [...text];
  const rest = signs.slice(column - 1);
  const sign = rest[0];
  if (sign === undefined) return null;
  if (hidden.test(sign)) return { before: signs.slice(0, column - 1).join(''), marked: `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`, after: rest.slice(1).join('') };
  const word = /^[\p{L}\p{N}@._+*-]+/u.exec(rest.slice(0, 40).join(''))?.[0] ?? sign;
  return { before: signs.slice(0, column - 1).join(''), marked: word, after: rest.slice([...word].length).join('') };
}

/** A row's first words and its last answer, each short enough for one line. */
export function brief(row: BrowsedRow): { head: string; tail: string } {
  const line = (text: string | undefined) => (text ?? '').slice(0, 240).replace(/\s+/g, ' ').trim();
  if (row.messages.length === 0) return { head: line(row.raw ?? ''), tail: '' };
  const head = row.messages.find((message) => message.role !== 'system') ?? row.messages[0];
  const tail = row.messages.at(-1);
  return { head: line(head?.content), tail: tail === head ? line(head?.content.slice(240)) : line(tail?.content) };
}
