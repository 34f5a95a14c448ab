/** @file The datasets on the selected cloud, and their deletion. */
import { useCall, useChange } from '../../api/use';
import type { DatasetRow } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { CopyText } from '../../components/copy';
import { figure, Grid } from '../../components/grid';
import { IconDelete } from '../../components/icons';
import { Panel } from '../../components/page';
import { Answer, Nothing, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { bytes, moment, number, short } from '../../lib/format';

export function OnCloud() {
  const { t, lang } = useWords();
  const list = useCall('dataset_list', {});
  const remove = useChange('dataset_delete');
  const columns = [
    { title: t('col.name'), key: 'name', render: (row: DatasetRow) => <div className="cell-two"><b className="break">{row.name}</b>{row.description && <span className="soft clamp">{row.description}</span>}<span className="soft"><CopyText text={row.id} shown={short(row.id, 20)} what={t('col.id')} /></span></div> },
    { title: t('col.rows'), key: 'rows', width: 90, ...figure, render: (row: DatasetRow) => (row.rows === null ? <span className="soft" title={t('datasets.unknownRows')}>–</span> : number(lang, row.rows)) },
    { title: t('col.size'), key: 'bytes', width: 100, ...figure, render: (row: DatasetRow) => bytes(lang, row.bytes) },
    { title: t('col.created'), key: 'created', width: 175, render: (row: DatasetRow) => <span className="nowrap">{moment(lang, row.created_at)}</span> },
    { title: <span className="unseen">{t('col.actions')}</span>, key: 'act', width: 56, render: (row: DatasetRow) => <Confirmed type="text" icon={<IconDelete />} label={t('act.delete')} aria-label={`${t('act.delete')} ${row.name}`} loading={remove.isPending && remove.variables?.id === row.id}
      title={t('datasets.deleteTitle', { name: row.name })} text={t('datasets.deleteText', { size: bytes(lang, row.bytes) })} onYes={() => remove.mutate({ id: row.id })} /> },
  ];
  return <Panel title={t('datasets.onCloud')}>
    <Refusal error={remove.error} onRetry={() => remove.variables && remove.mutate(remove.variables)} />
    <Answer query={list} empty={<Nothing title={t('datasets.empty')} text={t('datasets.emptyText')} />}>{(rows) => <Grid label={t('datasets.onCloud')} rows={rows} columns={columns} rowKey="id" />}</Answer>
  </Panel>;
}
