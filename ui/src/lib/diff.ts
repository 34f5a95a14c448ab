/** @file Which parts of an answer are not in another one: words, or single Han characters, by longest common subsequence. */

export type Part = { text: string; differs: boolean };

/** Beyond this many pieces a side the quadratic table is not worth its time; nothing is marked then. */
const LIMIT = 800;

const pieces = (text: string) => text.match(/\p{Script=Han}|[\p{L}\p{N}]+|\s+|[^\p{L}\p{N}\s]/gu) ?? [];

/** The parts of `text`; those that `other` does not share are marked. */
export function difference(text: string, other: string): Part[] {
  const mine = pieces(text);
  const theirs = pieces(other);
  if (mine.length > LIMIT || theirs.length > LIMIT) return [{ text, differs: false }];
  const wide = theirs.length + 1;
  const table = new Uint16Array((mine.length + 1) * wide);
  const at = (i: number, j: number) => table[i * wide + j] ?? 0;
  for (let i = mine.length - 1; i >= 0; i -= 1)
    for (let j = theirs.length - 1; j >= 0; j -= 1)
      table[i * wide + j] = mine[i] === theirs[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const parts: Part[] = [];
  const add = (piece: string, differs: boolean) => {
    const last = parts.at(-1);
    if (last && last.differs === differs) last.text += piece; else parts.push({ text: piece, differs });
  };
  let j = 0;
  mine.forEach((piece, i) => {
    while (j < theirs.length && theirs[j] !== piece && at(i, j + 1) >= at(i + 1, j)) j += 1;
    if (j < theirs.length && theirs[j] === piece) { add(piece, false); j += 1; } else add(piece, piece.trim() !== '');
  });
  return parts;
}
