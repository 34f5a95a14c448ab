/** @file Loss, learning rate and speed by step: raw and smoothed, one crosshair, each with its table. */
import { Checkbox, Slider } from 'antd';
import { useMemo, useState } from 'react';
import type { TuneMetric } from '../../api/generated/types';
import { figure, Grid } from '../../components/grid';
import { Nothing } from '../../components/state';
import { Twin } from '../../components/twin';
import { useWords } from '../../i18n/use';
import { number } from '../../lib/format';
import { useLook } from '../../lib/look';
import { smooth } from '../../lib/smooth';
import { chartColours } from '../../styles/theme';

type Point = [number, number];
const line = (name: string, data: Point[], more?: object) => ({ name, type: 'line', showSymbol: data.length < 3, sampling: 'lttb', data, lineStyle: { width: 2 }, ...more });

export function Charts({ metrics, group }: { metrics: TuneMetric[]; group: string }) {
  const { t, lang } = useWords();
  const dark = useLook((look) => look.dark);
  const [log, setLog] = useState(false);
  const [weight, setWeight] = useState(0.8);
  const loss = useMemo(() => {
    const soft = smooth(metrics.map((m) => m.loss), weight);
    const colours = chartColours(dark);
    return { ...axes(t('col.step'), log), series: [
      line(t('tunes.raw'), metrics.map((m) => [m.step, m.loss]), { color: colours.faint, lineStyle: { width: 1.5 } }),
      line(t('tunes.smooth'), metrics.map((m, i) => [m.step, soft[i] ?? m.loss]), { color: colours.series[0] }),
    ] };
  }, [metrics, log, weight, dark, t]);
  const rate = useMemo(() => ({ ...axes(t('col.step')), legend: { show: false }, grid: small, series: [line(t('col.rate'), metrics.map((m) => [m.step, m.learning_rate]))] }), [metrics, t]);
  const speed = useMemo(() => ({ ...axes(t('col.step')), legend: { show: false }, grid: small, series: [line(t('col.tps'), metrics.map((m) => [m.step, m.tokens_per_second]), { color: chartColours(dark).series[1] })] }), [metrics, dark, t]);
  const last = metrics.at(-1);
  if (!last) return <Nothing title={t('tunes.noMetrics')} />;
  const tools = <div className="chart-tools"><label className="inline"><span>{t('tunes.smoothing')}</span><Slider className="smoothing" min={0} max={0.98} step={0.02} value={weight} onChange={setWeight} tooltip={{ open: false }} ariaLabelForHandle={t('tunes.smoothing')} /></label>
    <Checkbox checked={log} onChange={(event) => setLog(event.target.checked)}>{t('tunes.logScale')}</Checkbox></div>;
  const table = <Steps metrics={metrics} />;
  return <div className="stack wide-gap">
    <Twin title={t('tunes.loss')} label={t('tunes.lossOf', { count: metrics.length, last: number(lang, last.loss, 4) })} option={loss} group={group} extra={tools} table={table} />
    <div className="two">
      <Twin title={t('tunes.rate')} label={t('tunes.chartOf', { what: t('tunes.rate') })} option={rate} height={180} group={group} table={table} />
      <Twin title={t('tunes.speed')} label={t('tunes.chartOf', { what: t('tunes.speed') })} option={speed} height={180} group={group} table={table} />
    </div>
  </div>;
}

const small = { left: 8, right: 12, top: 12, bottom: 4, containLabel: true };
const axes = (name: string, log = false) => ({ xAxis: { type: 'value', name, nameLocation: 'middle', nameGap: 24, min: 'dataMin', max: 'dataMax' }, yAxis: { type: log ? 'log' : 'value', scale: true } });

function Steps({ metrics }: { metrics: TuneMetric[] }) {
  const { t, lang } = useWords();
  const columns = [
    { title: t('col.step'), key: 'step', ...figure, render: (m: TuneMetric) => number(lang, m.step) }, { title: t('col.epoch'), key: 'epoch', ...figure, render: (m: TuneMetric) => number(lang, m.epoch, 2) },
    { title: t('col.loss'), key: 'loss', ...figure, render: (m: TuneMetric) => number(lang, m.loss, 4) }, { title: t('col.rate'), key: 'rate', ...figure, render: (m: TuneMetric) => number(lang, m.learning_rate, 8) },
    { title: t('col.tokens'), key: 'tokens', ...figure, render: (m: TuneMetric) => number(lang, m.tokens) }, { title: t('col.tps'), key: 'tps', ...figure, render: (m: TuneMetric) => number(lang, m.tokens_per_second, 1) },
  ];
  return <div className="limited"><Grid label={t('act.table')} rows={metrics} columns={columns} rowKey="step" size="small" height={280} width={480} /></div>;
}
