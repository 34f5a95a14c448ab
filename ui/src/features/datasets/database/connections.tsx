/** @file Kept connections: use, change, remove, add. Passwords are never shown. */
import { Button, Tag } from 'antd';
import { useState } from 'react';
import { useChange } from '../../../api/use';
import type { DatabaseRow } from '../../../api/generated/types';
import { Confirmed } from '../../../components/confirm';
import { IconAdd, IconDatasets, IconGood } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Answer, Nothing, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { ConnectionForm } from './form';

type Asked = { data?: DatabaseRow[]; error: Error | null; isPending: boolean; refetch: () => unknown };
type Props = { list: Asked; chosen: string; busy: boolean; onChoose: (row: DatabaseRow) => void; onRemoved: (id: string) => void };

/** Where it leads, in one line. */
export const place = ({ host, port, database, user }: DatabaseRow) => `${user}@${host.includes(':') ? `[${host}]` : host}:${port}${database && `/${database}`}`;

export function Connections({ list, chosen, busy, onChoose, onRemoved }: Props) {
  const { t } = useWords();
  const [editing, setEditing] = useState<DatabaseRow | 'new' | null>(null);
  const add = <Button icon={<IconAdd aria-hidden />} onClick={() => setEditing('new')}>{t('database.add')}</Button>;
  return <Panel title={t('database.connections')} lead={t('database.connectionsText')} extra={add}>
    <Answer query={list} rows={2} empty={<Nothing title={t('database.empty')} text={t('database.emptyText')} />}>{(rows) => <ul className="rows">
      {rows.map((row) => <Connection key={row.id} row={row} chosen={row.id === chosen} busy={busy} onChoose={() => onChoose(row)} onEdit={() => setEditing(row)} onRemoved={() => onRemoved(row.id)} />)}</ul>}</Answer>
    {editing && <ConnectionForm old={editing === 'new' ? null : editing} onClose={() => setEditing(null)} onSaved={onChoose} />}
  </Panel>;
}

type RowProps = { row: DatabaseRow; chosen: boolean; busy: boolean; onChoose: () => void; onEdit: () => void; onRemoved: () => void };

function Connection({ row, chosen, busy, onChoose, onEdit, onRemoved }: RowProps) {
  const { t } = useWords();
  const remove = useChange('database_remove');
  const named = (words: string) => ({ 'aria-label': `${words}: ${row.name}` });
  return <li aria-current={chosen || undefined}><div className="row between cloud-row">
    <span className="notice-icon info" aria-hidden><IconDatasets /></span>
    <div className="cell-two grow"><span className="base-name"><b className="break">{row.name}</b>{chosen && <Tag color="success" icon={<IconGood aria-hidden />}>{t('database.chosen')}</Tag>}</span>
      <span className="soft break">{t(`database.engines.${row.engine}`)} · {place(row)}</span></div>
    <div className="row">
      <Button size="small" type={chosen ? 'default' : 'primary'} loading={chosen && busy} {...named(t('database.connect'))} onClick={onChoose}>{t('database.connect')}</Button>
      <Button size="small" {...named(t('database.edit'))} onClick={onEdit}>{t('database.edit')}</Button>
      <Confirmed size="small" label={t('database.remove')} {...named(t('database.remove'))} loading={remove.isPending} title={t('database.removeTitle', { name: row.name })} text={t('database.removeText')} onYes={() => remove.mutate({ id: row.id }, { onSuccess: onRemoved })} />
    </div></div>
    <Refusal error={remove.error} /></li>;
}
