/** @file One fine-tune: its state in figures, and tabs for charts, log, configuration, lineage. */
import { Alert, Button, Progress, Tabs } from 'antd';
import { useChange } from '../../api/use';
import type { TuneRow } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { IconBack, IconDownload } from '../../components/icons';
import { Figure, PageHead, Panel } from '../../components/page';
import { Answer, Refusal } from '../../components/state';
import { Status } from '../../components/status';
import { useWords } from '../../i18n/use';
import { duration, moment, number, rate } from '../../lib/format';
import { go, goInstead } from '../../lib/look';
import { Charts } from './charts';
import { Config } from './config';
import { Lineage } from './lineage';
import { Log } from './log';
import { ended, useTune } from './watch';

const tabs = ['charts', 'log', 'config', 'lineage'] as const;

export function Detail({ id, tab }: { id: string; tab: string | undefined }) {
  const { t } = useWords();
  const { query, job, metrics, running, lost, again } = useTune(id);
  const back = <Button type="link" className="back" icon={<IconBack aria-hidden />} href="#/finetunes">{t('tunes.all')}</Button>;
  if (!job) return <><PageHead title={id} back={back} /><Panel><Answer query={query}>{() => null}</Answer></Panel></>;
  const content = {
    charts: <Charts metrics={metrics} group={id} />, log: <Log id={id} running={running} />, config: <Config job={job} />, lineage: <Lineage job={job} />,
  };
  return <>
    <PageHead back={back} title={<>{job.name || job.job_id} <Status name={job.status} /></>}><Acts job={job} /></PageHead>
    <Refusal error={query.error} onRetry={() => void query.refetch()} /><Refusal error={lost} onRetry={again} />
    {job.status === 'FAILED' && <Alert type="error" showIcon title={t('tunes.failedTitle')} description={job.reason} />}
    <Figures job={job} />
    <Panel className="tabbed"><Tabs activeKey={tabs.find((known) => known === tab) ?? 'charts'} onChange={(key) => goInstead('finetunes', id, key)}
      items={tabs.map((key) => ({ key, label: t(`tunes.tabs.${key}`), children: content[key] }))} /></Panel>
  </>;
}

function Acts({ job }: { job: TuneRow }) {
  const { t, lang } = useWords();
  const cancel = useChange('tune_cancel');
  const remove = useChange('tune_delete');
  const name = job.name || job.job_id;
  return <>
    {job.status === 'SUCCEEDED' && <Button type="primary" icon={<IconDownload aria-hidden />} onClick={() => go('models')}>{job.pulled ? t('tunes.openModels') : t('tunes.takeHome')}</Button>}
    {ended(job.status)
      ? <Confirmed label={t('act.delete')} loading={remove.isPending} title={t('tunes.deleteTitle', { name })} text={<><p>{t('tunes.deleteText')}</p>{job.status === 'SUCCEEDED' && !job.pulled && <p className="bad">{t('tunes.deleteNotPulled')}</p>}</>}
        onYes={() => remove.mutate({ job_id: job.job_id }, { onSuccess: () => goInstead('finetunes') })} />
      : <Confirmed label={t('tunes.stop')} no={t('tunes.stopKeep')} loading={cancel.isPending || job.status === 'CANCELING'} title={t('tunes.stopTitle', { name })} text={t('tunes.stopText', { tokens: number(lang, job.tokens) })} onYes={() => cancel.mutate({ job_id: job.job_id })} />}
    <Refusal error={cancel.error ?? remove.error} />
  </>;
}

function Figures({ job }: { job: TuneRow }) {
  const { t, lang } = useWords();
  const none = <span className="figure-none">–</span>;
  const share = job.total_steps > 0 ? job.step / job.total_steps : 0;
  const done = ended(job.status);
  return <div className="figures four">
    <section className="panel"><Figure name={t('col.progress')} remark={job.total_steps > 0 ? <Progress percent={Math.round(share * 100)} showInfo={false} size="small" status={job.status === 'FAILED' ? 'exception' : 'normal'} aria-label={t('col.progress')} /> : undefined}>
      {job.total_steps > 0 ? <>{number(lang, job.step)} <small>/ {number(lang, job.total_steps)}</small></> : none}</Figure></section>
    <section className="panel"><Figure name={t('col.loss')} remark={t('progress.tokens', { n: number(lang, job.tokens) })}>{job.loss === null ? none : number(lang, job.loss, 4)}</Figure></section>
    <section className="panel"><Figure name={t('tunes.speed')} remark={t('col.tps')}>{job.tokens_per_second === null ? none : rate(lang, job.tokens_per_second)}</Figure></section>
    <section className="panel">{done ? <Figure name={t('tunes.ended')} remark={job.ended_at ? moment(lang, job.ended_at) : undefined}>{job.ended_at ? duration(lang, (Date.parse(job.ended_at) - Date.parse(job.created_at)) / 1000) : none}</Figure>
      : <Figure name={t('col.eta')} remark={moment(lang, job.created_at)}>{job.eta_seconds === null ? none : duration(lang, job.eta_seconds)}</Figure>}</section>
  </div>;
}
