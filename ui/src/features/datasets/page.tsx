/** @file Datasets: choose, check, read every finding, upload; below, what is on the cloud. */
import { Alert, Button, Select } from 'antd';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { useCall, useHost, useStream } from '../../api/use';
import type { DatasetKind, UploadRow } from '../../api/generated/types';
import { IconBack, IconFile, IconInbox } from '../../components/icons';
import { PageHead, Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { go, goInstead, useRoute } from '../../lib/look';
import { Report } from './report';
import { OnCloud } from './table';
import { Unfinished } from './unfinished';

const kinds: DatasetKind[] = ['sft', 'dpo', 'cpt'];
const nameOf = (path: string) => path.split(/[\\/]/).at(-1) ?? path;

const Detail = lazy(() => import('./detail').then(({ Detail: shown }) => ({ default: shown })));
const orders = ['sample', 'choose', 'check'];

export default function Datasets() {
  const { rest: [first, version, line] } = useRoute();
  if (first && !orders.includes(first)) return <Suspense fallback={null}><Detail key={first} dataset={first} version={version} line={line} /></Suspense>;
  return <Landing />;
}

function Landing() {
  const { t } = useWords();
  const host = useHost();
  const { rest } = useRoute();
  const check = useStream('dataset_check');
  const upload = useStream('dataset_upload');
  const { refetch: fetchSample } = useCall('dataset_sample', {}, { enabled: false });
  const [path, setPath] = useState(check.result?.path ?? '');
  const [kind, setKind] = useState<DatasetKind>('sft');
  const [refused, setRefused] = useState<Error | null>(null);
  const { run, clear } = check;
  const { clear: forget } = upload;

  const start = useCallback(async (file: string | null, as: DatasetKind = kind) => {
    if (!file) return;
    setPath(file); setRefused(null); forget();
    await run({ path: file, kind: as });
  }, [run, forget, kind]);
  const choose = useCallback(() => void host.pickFile([{ name: t('datasets.fileKind'), extensions: ['jsonl'] }]).then((file) => start(file), setRefused), [host, start, t]);
  const useSample = useCallback(async () => {
    const answer = await fetchSample();
    setRefused(answer.error);
    setKind('sft');
    await start(answer.data?.path ?? null, 'sft');
  }, [fetchSample, start]);
  const [order, file] = rest;
  useEffect(() => {
    if (!order) return;
    goInstead('datasets');
    if (order === 'sample') void useSample();
    if (order === 'choose') choose();
    if (order === 'check' && file) void start(file);
  }, [order, file, useSample, choose, start]);

  const send = async (description: string | null) => { if (await upload.run({ path, description, kind })) clear(); };
  const goOn = async (row: UploadRow) => { setPath(row.path); setKind(row.kind); setRefused(null); await upload.run({ path: row.path, description: row.description, kind: row.kind }); };
  const busy = check.running || upload.running;
  return <>
    <PageHead title={t('nav.datasets')} lead={t('lead.datasets')}>
      {check.result && !upload.running && <Button icon={<IconBack aria-hidden />} onClick={clear}>{t('datasets.another')}</Button>}
    </PageHead>
    <Refusal error={refused ?? check.error} onRetry={path ? () => void start(path) : undefined} />
    {upload.result && !check.result && !check.running && <Alert type="success" showIcon role="status" title={t('datasets.uploaded', { name: upload.result.name })} action={<Button size="small" type="primary" onClick={() => go('finetunes', 'new')}>{t('datasets.launch')}</Button>} />}
    {upload.running && !check.result && <Panel><TaskBar value={upload.event} title={nameOf(path)} onCancel={upload.cancel} /></Panel>}
    {!check.result && <Refusal error={upload.error} />}
    {check.running && <Panel><TaskBar value={check.event} title={nameOf(path)} onCancel={check.cancel} /></Panel>}
    {!check.running && !check.result && <section className="panel drop" aria-label={t('datasets.add')}>
      <span className="drop-icon" aria-hidden><IconInbox /></span>
      <div className="drop-text"><b>{t('datasets.drop')}</b><span className="soft">{t('datasets.dropText')}</span></div>
      <div className="row"><Select id="row-kind" aria-label={t('datasets.kind')} value={kind} disabled={busy} onChange={setKind} options={kinds.map((one) => ({ value: one, label: t(`datasets.kinds.${one}`) }))} /><Button type="primary" icon={<IconFile aria-hidden />} disabled={busy} onClick={choose}>{t('datasets.choose')}</Button>
        <Button disabled={busy} onClick={() => void useSample()}>{t('datasets.sample')}</Button></div>
    </section>}
    {check.result && <Report report={check.result} upload={upload} onUpload={(description) => void send(description)} onAgain={() => void start(check.result?.path ?? null)} />}
    <Unfinished busy={busy || check.result !== null} onContinue={(row) => void goOn(row)} />
    <OnCloud />
  </>;
}
