/** @file Rows before and after a change, side by side, with what differs marked. */
import { Tag } from 'antd';
import { memo, useMemo } from 'react';
import { useWords } from '../../../i18n/use';
import { difference, type Part } from '../../../lib/diff';
import { number } from '../../../lib/format';

/** `before` is nothing for an added row, `after` for a removed one. */
export type Change = { line: number | null; newerLine?: number | null; before: string | null; after: string | null; why?: readonly string[] };

/** Equal text that stays in view on either side of a change. */
const AROUND = 160;
/** A middle longer than this is marked as a whole: comparing it word by word would hold up the page. */
const COMPARED = 600;

/** How many characters two texts share at their beginning; never half of a surrogate pair. */
function shared(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at > 0 && /[\ud800-\udbff]/.test(a[at - 1] ?? '') ? at - 1 : at;
}

/** The text in parts, cut to what surrounds its change. */
export function around(text: string, other: string): Part[] {
  const from = shared(text, other);
  const mine = text.slice(from);
  const theirs = other.slice(from);
  let to = 0;
  while (to < mine.length && to < theirs.length && mine.at(-1 - to) === theirs.at(-1 - to)) to += 1;
  if (to > 0 && /[\udc00-\udfff]/.test(mine.at(-to) ?? '')) to -= 1;
  const middle = mine.slice(0, mine.length - to);
  const rest = theirs.slice(0, theirs.length - to);
  const head = from > AROUND ? `…${text.slice(from - AROUND, from)}` : text.slice(0, from);
  const tail = to > AROUND ? `${mine.slice(mine.length - to, mine.length - to + AROUND)}…` : mine.slice(mine.length - to);
  const inner = middle.length <= COMPARED && rest.length <= COMPARED ? difference(middle, rest) : [{ text: middle, differs: true }];
  return [{ text: head, differs: false }, ...inner, { text: tail, differs: false }].filter((part) => part.text !== '');
}

const cut = (text: string) => (text.length > 2 * AROUND ? `${text.slice(0, 2 * AROUND)}…` : text);

function Side({ text, other, mark }: { text: string | null; other: string | null; mark: 'del' | 'ins' }) {
  const { t } = useWords();
  const parts = useMemo(() => (text !== null && other !== null ? around(text, other) : null), [text, other]);
  const Mark = mark;
  if (text === null) return <div className="text-side soft">{t(mark === 'ins' ? 'datasets.removed' : 'datasets.added')}</div>;
  return <div className="text-side">{parts ? parts.map((part, index) => (part.differs ? <Mark key={index}>{part.text}</Mark> : <span key={index}>{part.text}</span>)) : cut(text)}</div>;
}

const Row = memo(function Row({ change }: { change: Change }) {
  const { t, lang } = useWords();
  const line = change.line || change.newerLine;
  return <li className="change">
    <div className="row"><span className="finding-line">{line ? t('datasets.lineNo', { line: number(lang, line) }) : t('datasets.newRow')}</span>
      {(change.why ?? []).map((why) => <Tag key={why}><code>{why}</code></Tag>)}
      {change.after === null && <Tag color="error">{t('datasets.removed')}</Tag>}{change.before === null && <Tag color="success">{t('datasets.added')}</Tag>}</div>
    <div className="sides"><Side text={change.before} other={change.after} mark="del" /><Side text={change.after} other={change.before} mark="ins" /></div>
  </li>;
});

export function Changes({ rows, label }: { rows: readonly Change[]; label: string }) {
  const { t } = useWords();
  return <div className="changes" role="region" tabIndex={0} aria-label={label}>
    <div className="sides sides-head" aria-hidden><span>{t('datasets.before')}</span><span>{t('datasets.after')}</span></div>
    <ul>{rows.map((change, index) => <Row key={index} change={change} />)}</ul>
  </div>;
}
