/** @file A chart and the table of the same data, one button apart. The chart's code is fetched when first drawn. */
import { Segmented, Skeleton } from 'antd';
import type { EChartsCoreOption } from 'echarts/core';
import { lazy, Suspense, useId, useState, type ReactNode } from 'react';
import { useWords } from '../i18n/use';

const Chart = lazy(() => import('./chart'));

export function Twin({ title, label, option, height = 280, group, extra, table }: { title: ReactNode; label: string; option: EChartsCoreOption; height?: number; group?: string; extra?: ReactNode; table: ReactNode }) {
  const { t } = useWords();
  const [view, setView] = useState<'chart' | 'table'>('chart');
  const head = useId();
  return <section className="twin" aria-labelledby={head}>
    <div className="panel-head"><h2 id={head}>{title}</h2>
      <div className="panel-extra">{view === 'chart' && extra}
        <Segmented size="small" value={view} onChange={setView} name={head} options={[{ value: 'chart' as const, label: t('act.chart') }, { value: 'table' as const, label: t('act.table') }]} /></div></div>
    {view === 'chart' ? <Suspense fallback={<div style={{ height }}><Skeleton active title={false} paragraph={{ rows: 5 }} /></div>}><Chart option={option} label={label} height={height} group={group} /></Suspense> : table}
  </section>;
}
