/** @file The files that go up, one after the other, each with its state; what arrived stays arrived. */
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { useCall, useStream } from '../../../api/use';
import type { CloudRow, UploadLimits, VersionId } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { IconBad, IconGood, IconUpload, IconWait } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { bytes, number } from '../../../lib/format';
import { go } from '../../../lib/look';
import { partKey, useForget, type Sent } from './draft';
import { Foot } from './frame';
import type { VersionProps } from './wizard';

type Props = VersionProps & { parts: VersionId[]; cloud: CloudRow; limits: UploadLimits };

export function Parts({ id, draft, update, dataset, parts, cloud, limits }: Props) {
  const { t } = useWords();
  const upload = useStream('version_upload', { key: `wizard/${id}` });
  const forget = useForget();
  const [refused, setRefused] = useState<Error | null>(null);
  const waiting = parts.filter((part) => !draft.sent[partKey(part)]);
  const done = waiting.length === 0;
  // Goes on by itself when this page is left: it holds nothing of the page but the draft, which is the window's.
  const send = async () => {
    let sent = draft.sent;
    for (const part of waiting) {
      const row = await upload.run({ ...part, description: draft.description.trim() || null });
      if (!row) return;
      sent = { ...sent, [partKey(part)]: { name: row.name, receipt: row.receipt ?? null } };
      update({ sent });
    }
    upload.clear();
    await forget(id).catch(setRefused);
  };
  const start = () => { if (!upload.running && !done) void send(); };
  return <>
    <Panel title={t(done ? 'wizard.uploaded' : 'wizard.filesToSend', { count: parts.length, cloud: cloud.name })} extra={!done && !upload.running && Object.keys(draft.sent).length === 0 && <Button size="small" onClick={() => update({ parts: null })}>{t('wizard.divideAgain')}</Button>}>
      <ul className="rows" aria-label={t('wizard.fileList')}>{parts.map((part) => <li key={partKey(part)}>
        <Part part={part} sent={draft.sent[partKey(part)]} limits={limits} now={waiting[0] === part && (upload.running || upload.error !== null)}>
          {waiting[0] === part && upload.running && <TaskBar value={upload.event} title={t('wizard.sending')} onCancel={upload.cancel} />}</Part></li>)}</ul>
      <Refusal error={upload.error} onRetry={start} onClose={upload.clear} />
      <Refusal error={refused} onRetry={() => { setRefused(null); void forget(id).catch(setRefused); }} />
    </Panel>
    {done ? <>
      <Alert type="success" showIcon role="status" title={t('wizard.doneTitle', { count: parts.length, cloud: cloud.name })} description={t('wizard.doneText')} />
      <Foot next={t('datasets.launch')} onNext={() => go('finetunes', 'new')}><Button onClick={() => go('datasets', dataset)}>{t('wizard.openDataset')}</Button></Foot></>
      : <Foot onBack={() => update({ step: 'privacy' })} busy={upload.running} icon={<IconUpload aria-hidden />} next={t(Object.keys(draft.sent).length || upload.error ? 'datasets.goOn' : 'wizard.upload')} onNext={start} />}
  </>;
}

function Part({ part, sent, limits, now, children }: { part: VersionId; sent: Sent | undefined; limits: UploadLimits; now: boolean; children: React.ReactNode }) {
  const { t, lang } = useWords();
  const detail = useCall('library_get', { dataset: part.dataset });
  const row = detail.data?.versions.find((one) => one.version === part.version);
  const over = row && row.bytes > limits.file_bytes;
  const name = sent?.name ?? row?.name ?? part.dataset;
  return <div className="stack tight">
    <div className="part"><span className={sent ? 'good' : over ? 'bad' : 'soft'} role="img" aria-label={t(sent ? 'wizard.arrived' : now ? 'wizard.sending' : 'wizard.waits')}>{sent ? <IconGood /> : over ? <IconBad /> : <IconWait />}</span>
      <span className="cell-two"><b className="break">{name}</b>{row && <span className="soft">{t('wizard.rowsBytes', { rows: number(lang, row.rows), size: bytes(lang, row.bytes) })}</span>}
        {over && <span className="bad">{t('wizard.tooLarge', { size: bytes(lang, limits.file_bytes) })}</span>}</span></div>
    {sent?.receipt && <span className="soft">{t('wizard.receipt')} <CopyText text={sent.receipt} what={t('wizard.receipt')} /></span>}
    {children}
  </div>;
}
