/** @file What distinguishes two versions: in figures, then row by row, side by side. */
import { Button, Select } from 'antd';
import { useMemo, useState } from 'react';
import { useStream } from '../../../api/use';
import type { VersionDiff, VersionRow } from '../../../api/generated/types';
import { IconConvert } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords, wordFor } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { Changes, type Change } from '../parts/changes';

export type Pair = { older: number; newer: number };
/** Rows drawn at a time: comparing texts word by word takes the main thread. */
const STEP = 25;

export function Compare({ dataset, versions, pair, onPair }: { dataset: string; versions: VersionRow[]; pair: Pair; onPair: (pair: Pair) => void }) {
  const { t } = useWords();
  const diff = useStream('version_diff', { key: `${dataset}/${pair.older}/${pair.newer}` });
  const id = (version: number) => ({ dataset, version });
  const start = () => void diff.run({ older: id(pair.older), newer: id(pair.newer) });
  const options = versions.map((row) => ({ value: row.version, label: `${t('detail.version', { version: row.version })} · ${t(`detail.made.${row.made}`)}` }));
  const same = pair.older === pair.newer;
  return <section className="stack" aria-label={t('detail.difference')}>
    <h2>{t('detail.difference')}</h2>
    <div className="row"><Select className="version-choice" aria-label={t('detail.older')} value={pair.older} options={options} popupMatchSelectWidth={false} disabled={diff.running} onChange={(older) => onPair({ ...pair, older })} /><span aria-hidden>→</span>
      <Select className="version-choice" aria-label={t('detail.newer')} value={pair.newer} options={options} popupMatchSelectWidth={false} disabled={diff.running} onChange={(newer) => onPair({ ...pair, newer })} />
      <Button icon={<IconConvert aria-hidden />} disabled={same || diff.running} onClick={start}>{t('detail.compare')}</Button>
      {same && <span className="soft">{t('detail.sameVersion')}</span>}</div>
    <Refusal error={diff.error} onRetry={start} />
    {diff.running && <TaskBar value={diff.event} title={t('detail.comparing')} cancelLabel={t('app.cancelTask', { name: t('detail.comparing') })} onCancel={diff.cancel} />}
    {diff.result && <Result diff={diff.result} />}
  </section>;
}

function Result({ diff }: { diff: VersionDiff }) {
  const { t, lang } = useWords();
  const [shown, setShown] = useState(STEP);
  const readable = useReadable();
  const rows = useMemo(() => diff.rows.slice(0, shown).map(readable), [diff, shown, readable]);
  const total = diff.added + diff.removed + diff.changed;
  return <div className="stack">
    <dl className="chart-facts" role="status">{(['changed', 'removed', 'added', 'same'] as const).map((key) => <div key={key}><dt>{t(`detail.diff.${key}`)}</dt><dd className="num">{number(lang, diff[key])}</dd></div>)}</dl>
    {total === 0 ? <p className="soft">{t('detail.noDifference')}</p> : <Changes rows={rows} label={t('detail.difference')} />}
    <div className="row">{shown < diff.rows.length && <Button size="small" onClick={() => setShown(shown + STEP)}>{t('detail.showMore')}</Button>}
      {total > rows.length && <span className="soft">{t('detail.shownRows', { shown: number(lang, rows.length), total: number(lang, total) })}</span>}</div>
  </div>;
}

type Row = VersionDiff['rows'][number];
type Messages = { role?: unknown; content?: unknown }[];

/** A line's texts below each other; nothing where the line is no row of texts, or was cut. */
function textOf(line: string | null): string | null {
  if (line === null) return null;
  try {
    const row = JSON.parse(line) as { messages?: Messages; chosen?: Messages[number]; rejected?: Messages[number]; text?: unknown };
    if (typeof row.text === 'string') return row.text;
    if (!Array.isArray(row.messages)) return null;
    return [...row.messages, row.chosen, row.rejected].flatMap((one) => (one && typeof one.content === 'string' ? [`${wordFor('datasets.role', String(one.role))}: ${one.content}`] : [])).join('\n');
  } catch { return null; }
}

/** Rows as their texts where that shows what differs, as their lines otherwise. */
function useReadable(): (row: Row) => Change {
  const { lang } = useWords();
  return useMemo(() => {
    void lang; // The roles' words follow it.
    return ({ older_line, newer_line, before, after }: Row): Change => {
      const [was, is] = [textOf(before), textOf(after)];
      const told = (before === null || was !== null) && (after === null || is !== null) && was !== is;
      return { line: older_line, newerLine: newer_line, before: told ? was : before, after: told ? is : after };
    };
  }, [lang]);
}
