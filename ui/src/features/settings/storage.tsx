/** @file What the console keeps on this computer, how large it is, and cleaning what can be had again. */
import { Progress } from 'antd';
import { useCall, useChange } from '../../api/use';
import type { StoragePlace } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { figure, Grid } from '../../components/grid';
import { Panel } from '../../components/page';
import { Answer, Refusal } from '../../components/state';
import { useWords, wordFor } from '../../i18n/use';
import { bytes } from '../../lib/format';

export function StorageUse() {
  const { t, lang } = useWords();
  const storage = useCall('storage_get', {});
  const clean = useChange('storage_clean');
  const columns = (used: number) => [
    { title: t('col.kind'), key: 'kind', width: 140, render: (row: StoragePlace) => <b>{wordFor('settings.place', row.kind)}</b> },
    { title: t('settings.where'), key: 'path', render: (row: StoragePlace) => <code className="break soft">{row.path}</code> },
    { title: t('col.share'), key: 'share', width: 130, render: (row: StoragePlace) => <Progress percent={used ? (row.bytes / used) * 100 : 0} showInfo={false} size="small" aria-label={wordFor('settings.place', row.kind)} /> },
    { title: t('col.size'), key: 'size', width: 100, ...figure, render: (row: StoragePlace) => bytes(lang, row.bytes) },
    { title: <span className="unseen">{t('col.actions')}</span>, key: 'act', width: 130, render: (row: StoragePlace) => (row.disposable
      ? <Confirmed size="small" danger={false} label={t('settings.clean')} aria-label={`${t('settings.clean')}: ${wordFor('settings.place', row.kind)}`} disabled={row.bytes === 0} loading={clean.isPending && clean.variables?.kind === row.kind} title={t('settings.cleanTitle', { kind: wordFor('settings.place', row.kind) })} text={t('settings.cleanText', { size: bytes(lang, row.bytes) })} onYes={() => clean.mutate({ kind: row.kind })} />
      : <span className="soft small">{t('settings.keptHint')}</span>) },
  ];
  return <Panel title={t('settings.tabs.storage')} lead={t('settings.storageText')}>
    <Refusal error={clean.error} onRetry={() => clean.variables && clean.mutate(clean.variables)} />
    <Answer query={storage}>{({ places, free_bytes }) => {
      const used = places.reduce((sum, row) => sum + row.bytes, 0);
      return <><p className="storage-sum"><b>{t('settings.used', { size: bytes(lang, used) })}</b> <span className="soft">{t('settings.free', { size: bytes(lang, free_bytes) })}</span></p>
        <Grid label={t('settings.tabs.storage')} rows={places} columns={columns(used)} rowKey={(row) => `${row.kind}/${row.path}`} /></>;
    }}</Answer>
  </Panel>;
}
