/** @file A finished fine-tune whose weights can be taken home. */
import { Button } from 'antd';
import { useStream } from '../../api/use';
import type { TuneRow } from '../../api/generated/types';
import { IconDownload } from '../../components/icons';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { moment } from '../../lib/format';

export function Finished({ job }: { job: TuneRow }) {
  const { t, lang } = useWords();
  const pull = useStream('model_pull', { key: job.job_id });
  const name = job.name || job.job_id;
  const take = () => void pull.run({ job_id: job.job_id });
  return <li>
    {pull.running ? <TaskBar value={pull.event} title={t('models.pulling', { name })} onCancel={pull.cancel} />
      : <div className="row between nowrap-row"><div className="cell-two"><b className="break">{name}</b><span className="soft">{t('models.from', { base: job.model })} · {moment(lang, job.ended_at ?? job.created_at)}</span></div>
        <Button type="primary" icon={<IconDownload aria-hidden />} aria-label={`${t('models.pull')}: ${name}`} onClick={take}>{t('models.pull')}</Button></div>}
    <Refusal error={pull.error} onRetry={take} />
  </li>;
}
