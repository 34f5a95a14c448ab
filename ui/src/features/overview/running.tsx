/** @file The fine-tunes under way, each with its bar and time left. */
import { Progress } from 'antd';
import type { TuneRow } from '../../api/generated/types';
import { Status } from '../../components/status';
import { useWords } from '../../i18n/use';
import { duration, number } from '../../lib/format';
import { hrefOf } from '../../lib/look';

export function Running({ jobs }: { jobs: TuneRow[] }) {
  const { t, lang } = useWords();
  return <ul className="running">{jobs.map((job) => <li key={job.job_id}>
    <div className="running-head"><a href={hrefOf('finetunes', job.job_id)}>{job.name || job.job_id}</a><Status name={job.status} /></div>
    {job.total_steps > 0 && <><Progress aria-label={job.name || job.job_id} percent={Math.round((job.step / job.total_steps) * 100)} showInfo={false} size="small" />
      <div className="taskbar-facts"><span>{t('tunes.stepOf', { step: number(lang, job.step), total: number(lang, job.total_steps) })}</span>
        {job.loss !== null && <span>{t('col.loss')} {number(lang, job.loss, 3)}</span>}
        {job.eta_seconds !== null && <span>{t('progress.left', { time: duration(lang, job.eta_seconds) })}</span>}</div></>}
  </li>)}</ul>;
}
