/** @file Usage and bills of a month: four figures, a chart with its table, the lines, CSV. */
import { lazy, Suspense, useMemo, useState } from 'react';
import { useCall, useChange } from '../../api/use';
import type { UsageMonth } from '../../api/generated/types';
import { Answer, Refusal, useWords } from '../../components/basics';
import { csv, download } from '../../lib/csv';
import { age, money } from '../../lib/format';

const Chart = lazy(() => import('../../components/chart'));
const kinds = ['training', 'inference', 'hosting'] as const;

export default function Usage() {
  const { t, lang } = useWords();
  const [month, setMonth] = useState<string | null>(null);
  const usage = useCall('usage_get', { month });
  const sync = useChange('usage_sync');
  return <><section className="card row"><button className="main" disabled={sync.isPending} onClick={() => sync.mutate({})}>{t('usage.sync')}</button>
    <label className="inline">{t('usage.month')}<input type="month" value={month ?? usage.data?.month ?? ''} onChange={(e) => setMonth(e.target.value || null)} /></label>
    <span className="soft">{usage.data?.synced_at ? t('app.synced', { age: age(lang, usage.data.synced_at) }) : t('app.neverSynced')}</span><Refusal error={sync.error} onRetry={() => sync.mutate({})} /></section>
    <Answer query={usage}>{(data) => <Month data={data} />}</Answer></>;
}

function Month({ data }: { data: UsageMonth }) {
  const { t, lang } = useWords();
  const option = useMemo(() => ({ xAxis: { type: 'category', data: data.days.map((d) => d.date) }, yAxis: { type: 'value', name: data.total.currency },
    series: kinds.map((kind) => ({ name: t(`usage.${kind}`), type: 'bar', stack: 'day', data: data.days.map((d) => d[kind].amount) })) }), [data, t]);
  const save = () => download(`bill-${data.month}.csv`, csv([
    [t('col.date'), t('col.kind'), t('col.model'), t('col.item'), t('col.quantity'), t('col.price'), t('col.cost')],
    ...data.lines.map((l) => [l.date, l.kind, l.model, l.item, `${l.quantity} ${l.unit}`, `${l.unit_price.amount} ${l.unit_price.currency}`, `${l.cost.amount} ${l.cost.currency}`])]));
  return <><div className="grid">{(['total', ...kinds] as const).map((name) => <section key={name} className="card"><h2>{t(`usage.${name}`)}</h2><p className="big">{money(lang, data[name])}</p></section>)}</div>
    {data.lines.length === 0 ? <p className="soft">{t('usage.empty')}</p> : <>
      <section className="card"><h2>{t('usage.daily')}</h2><Suspense fallback={<div className="chart" />}><Chart option={option} label={t('usage.daily')} /></Suspense>
        <details><summary>{t('tunes.table')}</summary><table><thead><tr><th>{t('col.date')}</th>{kinds.map((k) => <th key={k} className="num">{t(`usage.${k}`)}</th>)}</tr></thead>
          <tbody>{data.days.map((d) => <tr key={d.date}><td>{d.date}</td>{kinds.map((k) => <td key={k} className="num">{money(lang, d[k])}</td>)}</tr>)}</tbody></table></details></section>
      <section className="card stack"><div className="row"><h2>{t('usage.lines')}</h2><button onClick={save}>{t('usage.csv')}</button></div><div className="scroll" tabIndex={0} role="region" aria-label={t('usage.lines')}><table><thead><tr><th>{t('col.date')}</th><th>{t('col.kind')}</th><th>{t('col.model')}</th><th>{t('col.item')}</th><th className="num">{t('col.quantity')}</th><th className="num">{t('col.price')}</th><th className="num">{t('col.cost')}</th></tr></thead>
        <tbody>{data.lines.map((l, i) => <tr key={i}><td>{l.date}</td><td>{l.kind}</td><td>{l.model}</td><td>{l.item}</td><td className="num">{l.quantity} {l.unit}</td><td className="num">{money(lang, l.unit_price)}</td><td className="num">{money(lang, l.cost)}</td></tr>)}</tbody></table></div></section></>}</>;
}
