/** @file The accepted drafts of a batch as a dataset, or the end of the batch. */
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import { useCall, useChange, useStream } from '../../../api/use';
import type { VersionRow } from '../../../api/generated/types';
import { Confirmed } from '../../../components/confirm';
import { IconCheck, IconDelete } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { isSend } from '../../../lib/keys';
import type { Batch } from './batches';

export function Keep({ batch, onKept }: { batch: Batch; onKept: (row: VersionRow) => void }) {
  const { t } = useWords();
  const stream = useStream('proposal_keep');
  const discard = useChange('proposal_discard');
  const library = useCall('library_list', {});
  const [name, setName] = useState('');
  const [into, setInto] = useState('');
  const accepted = batch.count.accepted;
  const sets = (library.data ?? []).filter((set) => set.kind === 'sft');
  const ready = accepted > 0 && !stream.running && (into !== '' || name.trim() !== '');
  const keep = () => {
    if (!ready) return;
    const old = sets.find((set) => set.id === into);
    void stream.run({ batch: batch.id, name: old?.name ?? name.trim(), ...(old && { dataset: old.id }) }).then((row) => { if (row) { setName(''); onKept(row); } });
  };
  return <div className="stack draft-keep">
    <Refusal error={stream.error ?? discard.error} onClose={() => { stream.clear(); discard.reset(); }} />
    {stream.running ? <TaskBar value={stream.event} title={t('drafts.keep')} onCancel={stream.cancel} /> : <div className="panel-foot">
      <span id="draft-accepted" className="soft">{accepted > 0 ? t('drafts.keepText', { count: accepted }) : t('drafts.keepNone')}</span>
      <div className="row">
        {sets.length > 0 && <Select className="draft-choice" aria-label={t('drafts.into')} value={into} onChange={setInto} options={[{ value: '', label: t('drafts.intoNew') }, ...sets.map((set) => ({ value: set.id, label: t('drafts.intoOld', { name: set.name }) }))]} />}
        {into === '' && <Input className="draft-name" maxLength={100} aria-label={t('drafts.name')} placeholder={t('drafts.name')} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={(event) => { if (isSend(event)) keep(); }} />}
        <Button type="primary" icon={<IconCheck aria-hidden />} disabled={!ready} aria-describedby="draft-accepted" onClick={keep}>{t('drafts.keep')}</Button>
        <Confirmed icon={<IconDelete aria-hidden />} label={t('drafts.discard')} loading={discard.isPending} title={t('drafts.discardTitle')} text={t('drafts.discardText', { count: batch.rows.length })} onYes={() => discard.mutate({ batch: batch.id })} />
      </div>
    </div>}
  </div>;
}
