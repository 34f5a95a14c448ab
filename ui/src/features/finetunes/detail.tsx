/** @file One fine-tune: state, live loss with its table, log, configuration, cancel and delete. */
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useCall, useChange, useStream } from '../../api/use';
import type { TuneMetric } from '../../api/generated/types';
import { Answer, Confirmed, Refusal, useWords } from '../../components/basics';
import { duration, number } from '../../lib/format';
import { go } from '../../lib/look';
import { smooth } from '../../lib/smooth';

const Chart = lazy(() => import('../../components/chart'));
const ended = ['SUCCEEDED', 'FAILED', 'CANCELED'];

/** Metrics by step: what was recorded, then what streams in; a step seen twice counts once. */
export function joined(recorded: TuneMetric[], live: TuneMetric[]): TuneMetric[] {
  return [...new Map([...recorded, ...live].map((m) => [m.step, m])).values()].sort((a, b) => a.step - b.step);
}

export function Detail({ id }: { id: string }) {
  const { t, lang } = useWords();
  const query = useCall('tune_get', { job_id: id });
  const recorded = useCall('tune_metrics', { job_id: id });
  const watch = useStream('tune_watch', { bound: true });
  const cancel = useChange('tune_cancel');
  const remove = useChange('tune_delete');
  const [live, setLive] = useState<TuneMetric[]>([]);
  const [tab, setTab] = useState<'chart' | 'log' | 'config'>('chart');
  const running = query.data !== undefined && !ended.includes(query.data.status);
  const { run } = watch;
  useEffect(() => { if (running) void run({ job_id: id }, (event) => setLive((old) => joined(old, event.metrics))); }, [running, run, id]);
  const metrics = useMemo(() => joined(recorded.data?.metrics ?? [], live), [recorded.data, live]);
  return <Answer query={query}>{(stored) => {
    const job = running && watch.event ? watch.event.job : stored;
    return <><section className="card stack"><a href="#/finetunes">{t('tunes.back')}</a><h2>{job.name || job.job_id}</h2>
      <div className="row"><strong>{t(`status.${job.status}`)}</strong>{job.total_steps > 0 && <span>{t('tunes.tokensOf', { step: number(lang, job.step), total: number(lang, job.total_steps) })}</span>}
        {job.loss !== null && <span>{t('col.loss')} {number(lang, job.loss, 4)}</span>}{job.tokens_per_second !== null && <span>{number(lang, job.tokens_per_second)} {t('col.tps')}</span>}
        {job.eta_seconds !== null && <span>{t('progress.left', { time: duration(lang, job.eta_seconds) })}</span>}</div>
      {job.total_steps > 0 && <progress aria-label={t('col.progress')} max={job.total_steps} value={job.step} />}{job.reason && <p role="alert" className="bad">{job.reason}</p>}
      <Refusal error={watch.error} onRetry={() => void run({ job_id: id })} /><Refusal error={cancel.error ?? remove.error} />
      <div className="row">{ended.includes(job.status)
        ? <Confirmed label={t('act.delete')} title={t('tunes.deleteTitle', { name: job.name })} text={t('tunes.deleteText')} onYes={() => remove.mutate({ job_id: id }, { onSuccess: () => go('finetunes') })} />
        : <Confirmed label={t('tunes.cancel')} disabled={job.status === 'CANCELING'} title={t('tunes.cancelTitle', { name: job.name })} text={t('tunes.cancelText', { tokens: number(lang, job.tokens) })} onYes={() => cancel.mutate({ job_id: id })} />}
        {job.status === 'SUCCEEDED' && <a href="#/models">{t('models.pull')}</a>}</div></section>
      <section className="card stack"><div className="row">{(['chart', 'log', 'config'] as const).map((name) => <button key={name} aria-pressed={tab === name} className={tab === name ? 'main' : ''} onClick={() => setTab(name)}>{t(`tunes.${name}`)}</button>)}</div>
        {tab === 'chart' && <Loss metrics={metrics} />}{tab === 'log' && <Log id={id} running={running} />}
        {tab === 'config' && <table><tbody>{Object.entries({ model: job.model, ...job.hyper_parameters }).map(([key, value]) => <tr key={key}><th scope="row">{key}</th><td>{String(value)}</td></tr>)}</tbody></table>}</section></>;
  }}</Answer>;
}

function Loss({ metrics }: { metrics: TuneMetric[] }) {
  const { t, lang } = useWords();
  const [log, setLog] = useState(false);
  const option = useMemo(() => {
    const soft = smooth(metrics.map((m) => m.loss));
    const line = (name: string, data: number[][]) => ({ name, type: 'line', showSymbol: false, data });
    return { xAxis: { type: 'value', name: t('col.step') }, yAxis: { type: log ? 'log' : 'value', name: t('col.loss') },
      series: [line(t('tunes.raw'), metrics.map((m) => [m.step, m.loss])), line(t('tunes.smooth'), metrics.map((m, i) => [m.step, soft[i] ?? m.loss]))] };
  }, [metrics, log, t]);
  if (metrics.length === 0) return <p className="soft">{t('tunes.noMetrics')}</p>;
  return <><label className="inline"><input type="checkbox" checked={log} onChange={(e) => setLog(e.target.checked)} />{t('tunes.logScale')}</label>
    <Suspense fallback={<div className="chart" />}><Chart option={option} label={t('tunes.chart')} /></Suspense>
    <details><summary>{t('tunes.table')}</summary><div className="scroll" tabIndex={0} role="region" aria-label={t('tunes.table')}><table><thead><tr><th className="num">{t('col.step')}</th><th className="num">{t('col.loss')}</th><th className="num">{t('col.rate')}</th><th className="num">{t('col.tokens')}</th><th className="num">{t('col.tps')}</th></tr></thead>
      <tbody>{metrics.map((m) => <tr key={m.step}><td className="num">{number(lang, m.step)}</td><td className="num">{number(lang, m.loss, 4)}</td><td className="num">{number(lang, m.learning_rate, 8)}</td><td className="num">{number(lang, m.tokens)}</td><td className="num">{number(lang, m.tokens_per_second, 1)}</td></tr>)}</tbody></table></div></details></>;
}

function Log({ id, running }: { id: string; running: boolean }) {
  const { t } = useWords();
  const logs = useCall('tune_logs', { job_id: id, offset: 0 }, { every: running ? 3000 : undefined });
  return <Answer query={logs}>{(log) => log.lines.length === 0 ? <p className="soft">{t('tunes.noLog')}</p> : <div className="scroll" tabIndex={0} role="region" aria-label={t('tunes.log')}><pre>{log.lines.join('\n')}</pre></div>}</Answer>;
}
