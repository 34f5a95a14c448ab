/** @file All versions of a local data set, what distinguishes any two, and where everything came from and went. */
import { Button } from 'antd';
import { useState } from 'react';
import type { LibraryDetail, VersionRow } from '../../../api/generated/types';
import { figure, Grid } from '../../../components/grid';
import { useWords } from '../../../i18n/use';
import { bytes, moment, number } from '../../../lib/format';
import { hrefOf } from '../../../lib/look';
import { Compare, type Pair } from './compare';
import { CheckState } from './head';
import { Lineage } from './lineage';

/** Counts under their stable names, the greatest first. */
function useCounts(): (row: VersionRow) => { name: string; count: string }[] {
  const { t, lang } = useWords();
  return (row) => Object.entries(row.counts).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]).map(([name, count]) => ({ name: name === 'rows_removed' ? t('detail.removedRows') : name, count: number(lang, count) }));
}

export function Versions({ detail, row }: { detail: LibraryDetail; row: VersionRow }) {
  const { t, lang } = useWords();
  const countsOf = useCounts();
  const newest = detail.dataset.latest.version;
  const [pair, setPair] = useState<Pair>(() => ({ older: Math.max(1, row.version === 1 ? 1 : row.version - 1), newer: row.version === 1 ? newest : row.version }));
  const columns = [
    { title: t('detail.versionWord'), key: 'version', width: 110, render: (one: VersionRow) => <a href={hrefOf('datasets', one.dataset, String(one.version))} aria-current={one.version === row.version ? 'true' : undefined}><b>{t('detail.version', { version: one.version })}</b></a> },
    { title: t('detail.madeHow'), key: 'made', render: (one: VersionRow) => <span className="cell-two"><span>{t(`detail.made.${one.made}`)}{one.parent?.dataset === one.dataset && <span className="soft"> {t('detail.fromVersion', { version: one.parent.version })}</span>}</span>
      {one.source && <span className="soft break">{one.source}</span>}
      {countsOf(one).length > 0 && <span className="soft counts">{countsOf(one).slice(0, 4).map(({ name, count }) => <span key={name}>{name} <span className="num">{count}</span></span>)}{countsOf(one).length > 4 && <span>{t('detail.moreCounts', { count: countsOf(one).length - 4 })}</span>}</span>}</span> },
    { title: t('col.rows'), key: 'rows', width: 110, ...figure, render: (one: VersionRow) => number(lang, one.rows) },
    { title: t('col.size'), key: 'size', width: 100, ...figure, render: (one: VersionRow) => bytes(lang, one.bytes) },
    { title: t('detail.check'), key: 'check', width: 150, render: (one: VersionRow) => <CheckState row={one} /> },
    { title: t('col.created'), key: 'created', width: 170, render: (one: VersionRow) => <span className="nowrap">{moment(lang, one.created_at)}</span> },
    { title: <span className="unseen">{t('col.actions')}</span>, key: 'act', width: 100, render: (one: VersionRow) => one.parent?.dataset === one.dataset && <Button size="small" type="text" aria-label={t('detail.compareOf', { version: one.version })} onClick={() => setPair({ older: one.parent?.version ?? 1, newer: one.version })}>{t('detail.compare')}</Button> },
  ];
  return <div className="stack wide-gap">
    <Grid label={t('detail.tabs.versions')} rows={[...detail.versions].reverse()} columns={columns} rowKey="version" width={980} />
    {detail.versions.length > 1 && <Compare key={`${pair.older}/${pair.newer}`} dataset={row.dataset} versions={detail.versions} pair={pair} onPair={setPair} />}
    <Lineage detail={detail} current={row.version} />
  </div>;
}
