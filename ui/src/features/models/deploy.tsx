/** @file Deploying a finished fine-tune: which, under what name, billed how. */
import { Button, Input, Modal, Radio, Select } from 'antd';
import { useState } from 'react';
import { useCall, useChange } from '../../api/use';
import { Answer, Nothing, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { isSend } from '../../lib/keys';

export function Deploy({ first, onClose }: { first: string; onClose: () => void }) {
  const { t } = useWords();
  const tunes = useCall('tune_list', {});
  const create = useChange('deployment_create');
  const jobs = (tunes.data ?? []).filter((job) => job.output_model);
  const [chosen, setChosen] = useState(first);
  const [typed, setTyped] = useState<string | null>(null);
  const [plan, setPlan] = useState('lora');
  const model = jobs.some((job) => job.output_model === chosen) ? chosen : jobs[0]?.output_model ?? '';
  const name = typed ?? jobs.find((job) => job.output_model === model)?.name ?? '';
  const start = () => { if (model && !create.isPending) create.mutate({ model_name: model, name: name.trim() || model, plan }, { onSuccess: onClose }); };
  return <Modal open centered width={520} title={t('deploy.fresh')} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={!model} loading={create.isPending} onClick={start}>{t('deploy.start')}</Button></>}>
    <Answer query={tunes}>{() => (jobs.length === 0 ? <Nothing title={t('deploy.noCandidates')} /> : <div className="stack">
      <div className="field"><span>{t('deploy.which')}</span><Select aria-label={t('deploy.which')} value={model} onChange={setChosen} options={jobs.map((job) => ({ value: job.output_model ?? '', label: `${job.name || job.job_id} · ${job.output_model}` }))} /></div>
      <label className="field"><span>{t('deploy.naming')}</span><Input maxLength={64} value={name} onChange={(event) => setTyped(event.target.value)} onKeyDown={(event) => { if (isSend(event)) start(); }} /></label>
      <div className="field"><span id="deploy-plan">{t('deploy.plan')}</span><Radio.Group className="choices" aria-labelledby="deploy-plan" value={plan} onChange={(event) => setPlan(event.target.value)}>
        <Radio value="lora"><b>{t('deploy.lora')}</b><span className="soft">{t('deploy.loraText')}</span></Radio><Radio value="mu"><b>{t('deploy.mu')}</b><span className="soft">{t('deploy.muText')}</span></Radio></Radio.Group></div>
    </div>)}</Answer>
    <Refusal error={create.error} onRetry={start} />
  </Modal>;
}
