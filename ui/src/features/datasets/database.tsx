/** @file A database as a source: a kept connection, what is in it, a query, and its first rows. Deliberately absent: what the columns
 * mean, which is the wizard's.
 */
import { useState } from 'react';
import { useCall, useChange } from '../../api/use';
import type { DatabaseRow, DatabaseSeen } from '../../api/generated/types';
import { ConfirmDialog } from '../../components/confirm';
import { useWords } from '../../i18n/use';
import { Connections } from './database/connections';
import { Found } from './database/found';
import { Query } from './database/query';

/** A query whose first rows were seen. */
export type DatabaseChoice = { id: string; sql: string; seen: DatabaseSeen };

/** `initial` is what a draft remembers; `onSeen` is told of every query whose rows were shown. */
export function DatabaseSource({ initial, onSeen }: { initial?: { id: string; sql: string }; onSeen: (source: DatabaseChoice) => void }) {
  const { t } = useWords();
  const list = useCall('database_list', {});
  const probe = useChange('database_probe');
  const [id, setId] = useState(initial?.id ?? '');
  const [sql, setSql] = useState(initial?.sql ?? '');
  /** The newest query that a table wrote: what differs from it was typed, and is not replaced without a question. */
  const [written, setWritten] = useState('');
  const [waiting, setWaiting] = useState<string | null>(null);
  const chosen = list.data?.find((row) => row.id === id) ?? null;

  const connect = (row: DatabaseRow) => { setId(row.id); probe.mutate({ id: row.id }); };
  const take = (query: string) => { setSql(query); setWritten(query); };
  const write = (query: string) => { if (sql.trim() && sql !== written && sql !== query) setWaiting(query); else take(query); };
  return <>
    <Connections list={list} chosen={id} busy={probe.isPending} onChoose={connect} onRemoved={(gone) => { if (gone === id) { setId(''); probe.reset(); } }} />
    {chosen && <Found name={chosen.name} probe={probe} onRetry={() => connect(chosen)} onTable={write} />}
    {chosen && <Query key={chosen.id} id={chosen.id} sql={sql} onSql={setSql} onSeen={onSeen} />}
    {waiting !== null && <ConfirmDialog title={t('database.replaceTitle')} text={t('database.replaceText')} yes={t('database.replace')} no={t('database.keepQuery')} onYes={() => take(waiting)} onClose={() => setWaiting(null)} />}
  </>;
}
