/** @file The signed statement about a masked version: what was found, what was done with it, between which two files. */
import { useMemo } from 'react';
import type { MaskWay, PrivacyKind, PrivacyStatement } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { figure, Grid } from '../../../components/grid';
import { IconGood } from '../../../components/icons';
import { useWords } from '../../../i18n/use';
import { moment, number, short } from '../../../lib/format';

type Line = { kind: string; label: string; found: number; done: [string, number][] };
const ways: MaskWay[] = ['keep', 'mask', 'remove', 'generalise', 'pseudonym'];

export function Statement({ statement, path, kinds }: { statement: PrivacyStatement; path: string | null; kinds: PrivacyKind[] }) {
  const { t, lang } = useWords();
  const lines = useMemo(() => Object.entries(statement.found).sort((a, b) => b[1] - a[1]).map(([kind, found]): Line => ({ kind, found, label: kinds.find((known) => known.kind === kind)?.label ?? kind, done: Object.entries(statement.done[kind] ?? {}) })), [statement, kinds]);
  const word = (way: string) => { const known = ways.find((one) => one === way); return known ? t(`datasets.way.${known}`) : way; };
  const columns = [
    { title: t('detail.kindOfData'), key: 'kind', render: (line: Line) => line.label }, { title: t('detail.finds'), key: 'found', width: 110, ...figure, render: (line: Line) => number(lang, line.found) },
    { title: t('detail.done'), key: 'done', render: (line: Line) => line.done.map(([way, count]) => `${word(way)} ${number(lang, count)}`).join(' · ') },
  ];
  return <section className="statement" aria-label={t('detail.statement')}>
    <div className="panel-head"><div><h2><IconGood className="good" aria-hidden /> {t('detail.statement')}</h2><p className="soft">{t('detail.statementText', { at: moment(lang, statement.time) })}</p></div></div>
    {lines.length === 0 ? <p className="soft">{t('detail.statementNone')}</p> : <Grid label={t('detail.done')} rows={lines} columns={columns} rowKey="kind" size="small" />}
    <dl className="facts one">
      <div><dt>{t('detail.inputHash')}</dt><dd><CopyText text={statement.input_sha256} shown={short(statement.input_sha256, 20)} what={t('detail.inputHash')} /></dd></div>
      <div><dt>{t('detail.outputHash')}</dt><dd><CopyText text={statement.output_sha256} shown={short(statement.output_sha256, 20)} what={t('detail.outputHash')} /></dd></div>
      <div><dt>{t('detail.fingerprint')}</dt><dd><CopyText text={statement.fingerprint} what={t('detail.fingerprint')} /></dd></div>
      {path && <div><dt>{t('detail.reportFile')}</dt><dd><CopyText text={path} what={t('detail.reportFile')} /></dd></div>}
    </dl>
  </section>;
}
