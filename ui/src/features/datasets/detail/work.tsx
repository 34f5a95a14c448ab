/** @file What is under way on a local data set and what came of it. Each stream outlives the page, so coming back finds it here. */
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { useHost, useStream } from '../../../api/use';
import type { VersionRow } from '../../../api/generated/types';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { go } from '../../../lib/look';

const kinds = ['check', 'fix', 'mask', 'dedup', 'split', 'sample', 'export'] as const;

export function useWork(dataset: string) {
  const host = useHost();
  const key = { key: dataset };
  const streams = {
    check: useStream('version_check', key), fix: useStream('version_fix', key), mask: useStream('version_mask', key), dedup: useStream('version_dedup', key),
    split: useStream('version_split', key), sample: useStream('version_sample', key), export: useStream('version_export', key),
  };
  const [exported, setExported] = useState<string | null>(null);
  const [refused, setRefused] = useState<Error | null>(null);
  const takeOut = async (row: VersionRow, filter: string) => {
    setExported(null); setRefused(null);
    const path = await host.saveFile(`${row.name}-v${row.version}.jsonl`, [{ name: filter, extensions: ['jsonl'] }]).catch((error: Error) => { setRefused(error); return null; });
    if (path && await streams.export.run({ dataset: row.dataset, version: row.version, path })) setExported(path);
  };
  return { ...streams, takeOut, exported, refused, busy: kinds.some((kind) => streams[kind].running), forgetExport: () => setExported(null) };
}
export type Work = ReturnType<typeof useWork>;

export function WorkPanel({ work, dataset }: { work: Work; dataset: string }) {
  const { t } = useWords();
  const running = kinds.filter((kind) => work[kind].running);
  return <>
    <Refusal error={work.refused} />
    {kinds.map((kind) => <Refusal key={kind} error={work[kind].error} onClose={work[kind].clear} />)}
    {running.length > 0 && <Panel className="stack" label={t('detail.underWay')}>{running.map((kind) => <TaskBar key={kind} value={work[kind].event} title={t(`detail.doing.${kind}`)} cancelLabel={t('app.cancelTask', { name: t(`detail.doing.${kind}`) })} onCancel={work[kind].cancel} />)}</Panel>}
    {work.fix.result && <Made rows={[work.fix.result]} dataset={dataset} onClose={work.fix.clear} />}
    {work.mask.result && <Made rows={[work.mask.result.version]} dataset={dataset} tab="privacy" onClose={work.mask.clear} />}
    {work.dedup.result && <Made rows={[work.dedup.result]} dataset={dataset} onClose={work.dedup.clear} />}
    {work.split.result && <Made rows={work.split.result} dataset={dataset} onClose={work.split.clear} />}
    {work.sample.result && <Made rows={[work.sample.result]} dataset={dataset} onClose={work.sample.clear} />}
    {work.exported && <Alert type="success" showIcon role="status" title={t('detail.exported', { path: work.exported })} closable={{ onClose: work.forgetExport, 'aria-label': t('act.dismiss') }} />}
  </>;
}

/** The versions that were made, each with the way to it. */
function Made({ rows, dataset, tab, onClose }: { rows: VersionRow[]; dataset: string; tab?: string; onClose: () => void }) {
  const { t, lang } = useWords();
  const said = (row: VersionRow) => {
    const facts = { name: row.name, version: row.version, rows: number(lang, row.rows) };
    return row.dataset === dataset ? t('detail.madeVersion', facts) : t('detail.madeDataset', facts);
  };
  const removed = rows.reduce((sum, row) => sum + (row.counts.rows_removed ?? 0), 0);
  return <Alert type="success" showIcon role="status" closable={{ onClose, 'aria-label': t('act.dismiss') }} title={<span className="stack tight">{rows.map((row) => <span key={`${row.dataset}/${row.version}`} className="row between">
    <span className="break">{said(row)}</span>
    <Button size="small" onClick={() => { onClose(); go('datasets', row.dataset, String(row.version), ...(tab ? [tab] : [])); }}>{row.dataset === dataset ? t('detail.openVersion', { version: row.version }) : t('detail.openNamed', { name: row.name })}</Button></span>)}</span>}
    description={removed > 0 ? t('detail.rowsRemoved', { count: removed, n: number(lang, removed) }) : undefined} />;
}
