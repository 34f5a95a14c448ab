/** @file What needs attention, what runs, this month's money, and a newcomer's first steps. */
import { Skeleton } from 'antd';
import { useCall } from '../../api/use';
import type { Overview as OverviewData, TuneRow } from '../../api/generated/types';
import { IconBad, IconDownload, IconGood } from '../../components/icons';
import { Figure, PageHead, Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { useSynced, useWords } from '../../i18n/use';
import { money, moneyShort, number } from '../../lib/format';
import { hrefOf } from '../../lib/look';
import { Running } from './running';
import { Steps } from './steps';

const underWay = ['PENDING', 'QUEUING', 'RUNNING', 'CANCELING'];

export default function Overview() {
  const { t } = useWords();
  const overview = useCall('overview_get', {}, { every: 5000 });
  const { data } = overview;
  return <>
    <PageHead title={t('nav.overview')} lead={t('lead.overview')} />
    <Refusal error={overview.error} onRetry={() => void overview.refetch()} />
    {data ? <Content data={data} /> : overview.isPending && <div role="status" aria-label={t('progress.working')} className="stack"><Skeleton active title={false} paragraph={{ rows: 3 }} /><Skeleton active title={false} paragraph={{ rows: 6 }} /></div>}
  </>;
}

function Content({ data }: { data: OverviewData }) {
  const { t } = useWords();
  const running = data.tunes.filter((job) => underWay.includes(job.status));
  const done = [data.datasets > 0, data.tunes.length > 0 || data.models > 1, data.models > 0 && data.tunes.some((job) => job.pulled), data.deployments > 0];
  return <>
    <Figures data={data} />
    <div className="two">
      <Attention jobs={data.tunes} />
      <Panel title={t('overview.running')}>{running.length === 0 ? <p className="soft">{t('overview.idle')}</p> : <Running jobs={running} />}</Panel>
    </div>
    {!done.every(Boolean) && <Panel title={t('overview.next')} lead={t('overview.nextText')}><Steps done={done} /></Panel>}
  </>;
}

function Figures({ data }: { data: OverviewData }) {
  const { t, lang } = useWords();
  const synced = useSynced();
  const count = (name: string, value: number, href: string) => <a className="panel figure-link" href={href}><Figure name={name}>{number(lang, value)}</Figure></a>;
  return <div className="figures four">
    <a className="panel figure-link" href={hrefOf('usage')}><Figure name={t('overview.money')} remark={data.synced_at ? synced(data.synced_at) : t('overview.noBillText')}>
      {data.month_cost ? <span title={money(lang, data.month_cost)}>{moneyShort(lang, data.month_cost)}</span> : <span className="figure-none">{t('overview.noBill')}</span>}</Figure></a>
    {count(t('overview.datasets'), data.datasets, hrefOf('datasets'))}
    {count(t('overview.models'), data.models, hrefOf('models'))}
    {count(t('overview.deployments'), data.deployments, hrefOf('models', 'deployments'))}
  </div>;
}

function Attention({ jobs }: { jobs: TuneRow[] }) {
  const { t } = useWords();
  const failed = jobs.filter((job) => job.status === 'FAILED');
  const waiting = jobs.filter((job) => job.status === 'SUCCEEDED' && !job.pulled);
  return <Panel title={t('overview.attention')}>
    {failed.length + waiting.length === 0 && <p className="all-good"><IconGood aria-hidden /> {t('overview.fine')}</p>}
    <ul className="notices">
      {failed.map((job) => <li key={job.job_id}><span className="notice-icon bad" aria-hidden><IconBad /></span><div><b>{t('overview.failed', { name: job.name || job.job_id })}</b>{job.reason && <span className="soft clamp">{job.reason}</span>}</div>
        <a href={hrefOf('finetunes', job.job_id)} aria-label={`${t('overview.see')}: ${job.name || job.job_id}`}>{t('overview.see')}</a></li>)}
      {waiting.map((job) => <li key={job.job_id}><span className="notice-icon info" aria-hidden><IconDownload /></span><div><b>{t('overview.toPull', { name: job.name || job.job_id })}</b><span className="soft">{t('overview.toPullText')}</span></div>
        <a href={hrefOf('models')} aria-label={`${t('models.pull')}: ${job.name || job.job_id}`}>{t('models.pull')}</a></li>)}
    </ul>
  </Panel>;
}
