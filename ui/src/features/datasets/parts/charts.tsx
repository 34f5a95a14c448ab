/** @file What the rows are like: how long, how many turns, which languages, which labels; each chart with its table. */
import { useCallback, useMemo } from 'react';
import type { Bar, Distribution } from '../../../api/generated/types';
import { figure, Grid } from '../../../components/grid';
import { Nothing } from '../../../components/state';
import { Twin } from '../../../components/twin';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { useLook } from '../../../lib/look';
import { chartColours } from '../../../styles/theme';

const names = ['characters', 'turns', 'answers', 'tokens', 'languages', 'labels'] as const;
type Name = (typeof names)[number];
const nameOf = (text: string): Name | null => names.find((known) => known === text) ?? null;
/** Bars beyond this many lie flat and cannot be told apart; the table has them all. */
const MOST = 30;

/** A share that is not 0 is never shown as 0. */
function useShare(): (count: number, sum: number) => string {
  const { lang } = useWords();
  return (count, sum) => {
    const percent = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 });
    const share = sum > 0 ? count / sum : 0;
    return share > 0 && share < 0.001 ? `< ${percent.format(0.001)}` : percent.format(share);
  };
}

const languages = ['chinese', 'latin', 'mixed', 'other', 'none'] as const;

/** What a bar stands for: a language's stable name in the reader's words, a range or a label as it is. */
function useLabel(name: string): (bar: Bar) => string {
  const { t } = useWords();
  return useCallback(({ label }: Bar) => {
    const language = name === 'languages' ? languages.find((known) => known === label) : undefined;
    return language ? t(`detail.language.${language}`) : label || t('detail.noLabel');
  }, [name, t]);
}

export function Charts({ charts }: { charts: readonly Distribution[] }) {
  const { t } = useWords();
  const drawn = charts.filter((chart) => chart.bars.length > 0);
  if (drawn.length === 0) return <Nothing title={t('detail.noCharts')} text={t('detail.noChartsText')} />;
  return <div className="two charts">{drawn.map((chart) => <One key={chart.name} chart={chart} />)}</div>;
}

function One({ chart }: { chart: Distribution }) {
  const { t, lang } = useWords();
  const dark = useLook((look) => look.dark);
  const label = useLabel(chart.name);
  const name = nameOf(chart.name);
  const title = name ? t(`detail.chart.${name}`) : chart.name;
  const sum = chart.bars.reduce((so, bar) => so + bar.count, 0);
  const flat = name === 'languages' || name === 'labels';
  const option = useMemo(() => {
    const bars = chart.bars.slice(0, MOST);
    const words = bars.map((bar) => label(bar));
    const values = { type: 'value' as const, minInterval: 1 };
    const kinds = { type: 'category' as const, data: words, ...(flat ? { inverse: true, axisLabel: { color: chartColours(dark).text, width: 120, overflow: 'truncate' as const } } : {}) };
    return { legend: { show: false }, grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true }, tooltip: { axisPointer: { type: 'shadow' } }, xAxis: flat ? values : kinds, yAxis: flat ? kinds : values,
      series: [{ name: t('detail.rows'), type: 'bar', data: bars.map((bar) => bar.count), color: chartColours(dark).series[flat ? 1 : 0], barMaxWidth: 34 }] };
  }, [chart, dark, flat, label, t]);
  const facts = ([['median', chart.median], ['p95', chart.p95], ['greatest', chart.greatest]] as const).filter(([, value]) => value !== null);
  const spoken = [t('detail.chartOf', { what: title, count: chart.bars.length, n: number(lang, sum) }), ...facts.map(([key, value]) => `${t(`detail.${key}`)} ${number(lang, value ?? 0)}`)].join('; ');
  return <div className="panel">
    <Twin title={title} label={spoken} option={option} height={flat ? Math.max(140, Math.min(chart.bars.length, MOST) * 26 + 40) : 210} table={<Table chart={chart} sum={sum} label={label} title={title} />} />
    <dl className="chart-facts">{facts.map(([key, value]) => <div key={key}><dt>{t(`detail.${key}`)}</dt><dd className="num">{number(lang, value ?? 0)}</dd></div>)}
      {chart.bars.length > MOST && <div><dt>{t('detail.firstBars', { shown: MOST, total: number(lang, chart.bars.length) })}</dt></div>}</dl>
  </div>;
}

function Table({ chart, sum, label, title }: { chart: Distribution; sum: number; label: (bar: Bar) => string; title: string }) {
  const { t, lang } = useWords();
  const share = useShare();
  const columns = [
    { title, key: 'label', render: (bar: Bar) => <span className="break">{label(bar)}</span> },
    { title: t('detail.rows'), key: 'count', width: 110, ...figure, render: (bar: Bar) => number(lang, bar.count) },
    { title: t('col.share'), key: 'share', width: 90, ...figure, render: (bar: Bar) => share(bar.count, sum) },
  ];
  return <div className="limited"><Grid label={title} rows={chart.bars} columns={columns} rowKey="label" size="small" height={210} width={360} /></div>;
}
