/** @file Datasets: choose, check, read every finding, upload, delete. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useCall, useChange, useHost, useStream } from '../../api/use';
import type { DatasetReport } from '../../api/generated/types';
import { Answer, Confirmed, Progress, Refusal, useWords } from '../../components/basics';
import { bytes, moment, number } from '../../lib/format';
import { go, useRoute } from '../../lib/look';
import { Report } from './report';

export default function Datasets() {
  const { t, lang } = useWords();
  const host = useHost();
  const { rest } = useRoute();
  const list = useCall('dataset_list', {});
  const remove = useChange('dataset_delete');
  const check = useStream('dataset_check', { bound: true });
  const upload = useStream('dataset_upload');
  const [report, setReport] = useState<DatasetReport | null>(null);
  const [done, setDone] = useState('');
  const [path, setPath] = useState('');
  const [refused, setRefused] = useState<Error | null>(null);
  const { run } = check;
  const start = useCallback(async (file: string | null) => {
    if (!file) return;
    setPath(file); setReport(null); setDone(''); setRefused(null);
    setReport(await run({ path: file }));
  }, [run]);
  const { refetch: sample } = useCall('dataset_sample', {}, { enabled: false });
  const useSample = useCallback(async () => {
    const answer = await sample();
    setRefused(answer.error);
    await start(answer.data?.path ?? null);
  }, [sample, start]);
  useEffect(() => host.onFileDrop((file) => void start(file)), [host, start]);
  const sampled = useRef(false);
  useEffect(() => { if (rest === 'sample' && !sampled.current) { sampled.current = true; go('datasets'); void useSample(); } }, [rest, useSample]);
  const send = async () => {
    const row = await upload.run({ path, description: null });
    if (row) { setDone(row.name); setReport(null); }
  };
  const busy = check.running || upload.running;
  return <>
    <section className="card stack">
      <div className="row"><button className="main" disabled={busy} onClick={() => void host.pickFile([{ name: 'JSONL', extensions: ['jsonl'] }]).then(start)}>{t('datasets.choose')}</button>
        <button disabled={busy} onClick={() => void useSample()}>{t('datasets.sample')}</button><span className="soft">{t('datasets.drop')}</span></div>
      <Refusal error={refused ?? check.error} onRetry={path ? () => void start(path) : undefined} />
      {check.running && <><p>{t('datasets.checking', { path })}</p><Progress value={check.event} onCancel={check.cancel} /></>}
      {done && <p role="status" className="good">{t('datasets.uploaded', { name: done })} <a href="#/finetunes/new">{t('overview.step2')}</a></p>}
    </section>
    {report && <Report report={report} uploading={upload.running} onUpload={() => void send()} onRecheck={() => void start(path)} />}
    <Refusal error={upload.error} onRetry={() => void send()} />
    {upload.running && <section className="card"><Progress value={upload.event} onCancel={upload.cancel} /></section>}
    <section className="card"><Refusal error={remove.error} /><Answer query={list} empty={t('datasets.empty')}>{(rows) => <table><thead><tr>
      <th>{t('col.name')}</th><th className="num">{t('col.rows')}</th><th className="num">{t('col.size')}</th><th>{t('col.created')}</th><th>{t('col.actions')}</th></tr></thead>
      <tbody>{rows.map((row) => <tr key={row.id}><td>{row.name}</td><td className="num">{row.rows === null ? '–' : number(lang, row.rows)}</td><td className="num">{bytes(lang, row.bytes)}</td><td>{moment(lang, row.created_at)}</td>
        <td><Confirmed label={t('act.delete')} title={t('datasets.deleteTitle', { name: row.name })} text={t('datasets.deleteText', { size: bytes(lang, row.bytes) })} onYes={() => remove.mutate({ id: row.id })} /></td></tr>)}</tbody></table>}</Answer></section>
  </>;
}
