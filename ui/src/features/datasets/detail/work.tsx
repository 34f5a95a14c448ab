/** @file What is under way on a local data set and what came of it. Each stream outlives the page, so coming back finds it here. */
import { Alert } from 'antd';
import { useState } from 'react';
import { useHost, useStream } from '../../../api/use';
import type { VersionRow } from '../../../api/generated/types';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';

const kinds = ['check', 'export'] as const;

export function useWork(dataset: string) {
  const host = useHost();
  const key = { key: dataset };
  const streams = {
    check: useStream('version_check', key), export: useStream('version_export', key),
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

export function WorkPanel({ work }: { work: Work }) {
  const { t } = useWords();
  const running = kinds.filter((kind) => work[kind].running);
  return <>
    <Refusal error={work.refused} />
    {kinds.map((kind) => <Refusal key={kind} error={work[kind].error} onClose={work[kind].clear} />)}
    {running.length > 0 && <Panel className="stack" label={t('detail.underWay')}>{running.map((kind) => <TaskBar key={kind} value={work[kind].event} title={t(`detail.doing.${kind}`)} cancelLabel={t('app.cancelTask', { name: t(`detail.doing.${kind}`) })} onCancel={work[kind].cancel} />)}</Panel>}
    {work.exported && <Alert type="success" showIcon role="status" title={t('detail.exported', { path: work.exported })} closable={{ onClose: work.forgetExport, 'aria-label': t('act.dismiss') }} />}
  </>;
}
