/** @file Where a fine-tune comes from and what it became: datasets with their hashes, job, model made, model at home. */
import { useCall } from '../../api/use';
import type { TuneRow } from '../../api/generated/types';
import { CopyText } from '../../components/copy';
import { useWords } from '../../i18n/use';
import { bytes, moment, number, short } from '../../lib/format';
import { hrefOf } from '../../lib/look';

export function Lineage({ job }: { job: TuneRow }) {
  const { t, lang } = useWords();
  const datasets = useCall('dataset_list', {});
  const models = useCall('model_list', {});
  const home = models.data?.filter((row) => row.job_id === job.job_id) ?? [];
  return <div className="stack"><p className="soft">{t('tunes.lineageText')}</p><ol className="lineage">
    {job.dataset_ids.map((id) => {
      const row = datasets.data?.find((known) => known.id === id);
      const hash = row?.sha256 ?? row?.md5;
      return <li key={id}><span className="lineage-kind">{t('tunes.dataset')}</span><div><b className="break">{row?.name ?? short(id, 24)}</b>
        <span className="soft">{row ? [row.rows !== null && t('progress.rows', { n: number(lang, row.rows) }), bytes(lang, row.bytes)].filter(Boolean).join(' · ') : datasets.data && t('tunes.datasetGone')}</span>
        {hash && <CopyText text={hash} shown={short(hash, 16)} what={row?.sha256 ? 'SHA-256' : 'MD5'} />}</div></li>;
    })}
    <li><span className="lineage-kind">{t('tunes.model')}</span><div><b>{job.model}</b></div></li>
    <li><span className="lineage-kind">{t('tunes.job')}</span><div><CopyText text={job.job_id} what={t('tunes.job')} /><span className="soft">{moment(lang, job.created_at)}</span></div></li>
    <li><span className="lineage-kind">{t('tunes.output')}</span><div>{job.output_model ? <CopyText text={job.output_model} what={t('tunes.output')} /> : <span className="soft">{t('tunes.notYet')}</span>}</div></li>
    <li><span className="lineage-kind">{t('tunes.model_at_home')}</span><div>{home.length === 0 ? <span className="soft">{t('tunes.notYet')}</span>
      : home.map((row) => <div key={row.model}><a href={hrefOf('models')}>{row.model}</a>{row.sha256 && <> <CopyText text={row.sha256} shown={short(row.sha256, 16)} what="SHA-256" /></>}</div>)}</div></li>
  </ol></div>;
}
