/** @file The query and its first rows. Only reading is possible: the server itself refuses everything else. */
import { Alert, Button, Input } from 'antd';
import { useState } from 'react';
import { useStream } from '../../../api/use';
import type { DatabaseSeen, SourceRecord } from '../../../api/generated/types';
import { Grid } from '../../../components/grid';
import { Panel } from '../../../components/page';
import { Nothing, Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { isMac, isRun } from '../../../lib/keys';
import type { DatabaseChoice } from '../database';

/** Rows drawn; what is read to look at is more. */
const SHOWN = 20;

type Props = { id: string; sql: string; onSql: (sql: string) => void; onSeen: (source: DatabaseChoice) => void };

export function Query({ id, sql, onSql, onSeen }: Props) {
  const { t } = useWords();
  const look = useStream('database_look', { bound: true, key: id });
  /** What the rows below are rows of. */
  const [shown, setShown] = useState<DatabaseChoice | null>(null);
  const empty = sql.trim() === '';
  const run = async () => {
    if (empty || look.running) return;
    const seen = await look.run({ id, sql });
    if (!seen) return;
    const source = { id, sql, seen };
    setShown(source);
    onSeen(source);
  };
  const keys = isMac ? '⌘↵' : 'Ctrl+Enter';
  return <>
    <Panel title={t('database.query')} lead={t('database.queryText')}>
      <div className="stack">
        <Input.TextArea className="sql" aria-label={t('database.query')} autoSize={{ minRows: 4, maxRows: 16 }} spellCheck={false} autoComplete="off" placeholder={t('database.placeholder')} value={sql}
          onChange={(event) => onSql(event.target.value)} onKeyDown={(event) => { if (isRun(event)) { event.preventDefault(); void run(); } }} />
        <div className="row"><Button type="primary" disabled={empty || look.running} onClick={() => void run()}>{t('database.show')}</Button><span className="soft">{t('database.keys', { keys })}</span></div>
        {look.running && <TaskBar value={look.event} title={t('database.asking')} cancelLabel={t('database.stop')} onCancel={look.cancel} />}
        <Refusal error={look.error} onRetry={() => void run()} onClose={look.clear} />
      </div>
    </Panel>
    {shown && <Rows seen={shown.seen} changed={shown.sql !== sql} />}
  </>;
}

function Rows({ seen, changed }: { seen: DatabaseSeen; changed: boolean }) {
  const { t, lang } = useWords();
  const columns = seen.columns.map((name, at) => ({ title: name, key: `${at}`, ellipsis: true, render: (_: unknown, record: SourceRecord) => <span title={record.values[at]}>{record.values[at]}</span> }));
  return <Panel title={t('database.rows')} lead={t('database.rowsText', { n: number(lang, seen.records.length) })}>
    <div className="stack" role="status">
      {changed && <Alert type="info" showIcon title={t('database.changed')} />}
      {seen.records.length === 0 ? <Nothing title={t('database.noRows')} text={t('database.noRowsText')} />
        : <Grid<SourceRecord> label={t('database.rows')} rows={seen.records.slice(0, SHOWN)} rowKey="at" columns={columns} style={{ minWidth: 180 * columns.length }} />}
    </div>
  </Panel>;
}
