/** @file A month's figures, its daily chart with its table, where the money went, and every line. */
import { Button, Segmented } from 'antd';
import { useMemo, useState } from 'react';
import type { BillLine, Money, UsageDay, UsageMonth } from '../../api/generated/types';
import { figure, Grid } from '../../components/grid';
import { IconDownload } from '../../components/icons';
import { Figure, Panel } from '../../components/page';
import { Nothing } from '../../components/state';
import { Twin } from '../../components/twin';
import { useWords, wordFor } from '../../i18n/use';
import { csv, download } from '../../lib/csv';
import { day, exact, money, moneyShort, monthName, number } from '../../lib/format';
import { Breakdown } from './breakdown';

const kinds = ['training', 'inference', 'hosting'] as const;

export function Month({ data }: { data: UsageMonth }) {
  const { t } = useWords();
  return <>
    <Figures data={data} />
    {data.lines.length === 0 ? <Panel><Nothing title={t('usage.empty')} text={t('usage.emptyText')} /></Panel> : <>
      <Panel><Daily data={data} /></Panel>
      <Parts lines={data.lines} />
      <Lines data={data} />
    </>}
  </>;
}

function Figures({ data }: { data: UsageMonth }) {
  const { t, lang } = useWords();
  const box = (name: string, value: Money, remark: string) => <section className="panel"><Figure name={name} remark={remark}><span title={money(lang, value)}>{moneyShort(lang, value)}</span></Figure></section>;
  return <div className="figures four">
    {box(t('usage.total'), data.total, data.balance ? `${t('usage.balance')} ${money(lang, data.balance)}` : t('usage.allKinds'))}
    {box(t('usage.training'), data.training, t('usage.tokensTrained', { n: number(lang, data.training_tokens) }))}
    {box(t('usage.inference'), data.inference, t('usage.tokensIn', { in: number(lang, data.input_tokens), out: number(lang, data.output_tokens) }))}
    {box(t('usage.hosting'), data.hosting, t('usage.hostingText'))}
  </div>;
}

function Daily({ data }: { data: UsageMonth }) {
  const { t, lang } = useWords();
  const option = useMemo(() => ({
    xAxis: { type: 'category', data: data.days.map((entry) => String(Number(entry.date.slice(8)))) },
    yAxis: { type: 'value' },
    tooltip: { axisPointer: { type: 'shadow' } },
    series: kinds.map((kind) => ({ name: t(`usage.${kind}`), type: 'bar', stack: 'day', barMaxWidth: 34, data: data.days.map((entry) => Number(entry[kind].amount)) })),
  }), [data, t]);
  const columns = [
    { title: t('col.date'), key: 'date', render: (entry: UsageDay) => day(lang, entry.date) },
    ...kinds.map((kind) => ({ title: t(`usage.${kind}`), key: kind, ...figure, render: (entry: UsageDay) => money(lang, entry[kind]) })),
  ];
  return <Twin title={<>{t('usage.daily')} <small className="soft">{data.total.currency}</small></>} label={t('usage.dailyOf', { month: monthName(lang, data.month) })} option={option} table={<Grid label={t('usage.daily')} rows={data.days} columns={columns} rowKey="date" size="small" />} />;
}

function Parts({ lines }: { lines: BillLine[] }) {
  const { t } = useWords();
  const [by, setBy] = useState<'model' | 'kind'>('model');
  return <Panel title={t('usage.breakdown')} extra={<Segmented size="small" name="breakdown" value={by} onChange={setBy} options={[{ value: 'model' as const, label: t('usage.byModel') }, { value: 'kind' as const, label: t('usage.byKind') }]} />}>
    <Breakdown lines={lines} by={by} /></Panel>;
}

function Lines({ data }: { data: UsageMonth }) {
  const { t, lang } = useWords();
  const rows = useMemo(() => data.lines.map((line, index) => ({ ...line, key: index })), [data.lines]);
  type Row = (typeof rows)[number];
  const columns = [
    { title: t('col.date'), key: 'date', width: 130, render: (line: Row) => <span className="nowrap">{day(lang, line.date)}</span> },
    { title: t('col.model'), key: 'model', render: (line: Row) => <div className="cell-two"><span className="break">{line.model}</span><span className="soft">{wordFor('usage.item', line.item)}</span></div> },
    { title: t('col.quantity'), key: 'quantity', width: 110, ...figure, render: (line: Row) => exact(lang, line.quantity) },
    { title: t('col.price'), key: 'price', width: 150, ...figure, render: (line: Row) => <>{money(lang, line.unit_price)}<span className="soft"> / {line.unit}</span></> },
    { title: t('col.cost'), key: 'cost', width: 110, ...figure, render: (line: Row) => money(lang, line.cost) },
  ];
  // The file carries the exact amounts with the currency in a column of its own, so that accounting can add them up.
  const save = () => download(`bill-${data.month}.csv`, csv([
    [t('col.date'), t('col.kind'), t('col.model'), t('col.item'), t('col.quantity'), t('col.plan'), t('col.price'), t('col.cost'), 'currency'],
    ...data.lines.map((line) => [line.date, line.kind, line.model, line.item, line.quantity, line.unit, line.unit_price.amount, line.cost.amount, line.cost.currency])]));
  return <Panel title={t('usage.lines')} extra={<Button size="small" icon={<IconDownload aria-hidden />} onClick={save}>{t('usage.csv')}</Button>}>
    <Grid label={t('usage.lines')} rows={rows} columns={columns} rowKey="key" size="small" height={400} /></Panel>;
}
