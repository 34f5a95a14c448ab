/** @file What a connection leads to: the server, how the way there is protected, what its user could do, and its tables. */
import { Alert, Button, Input, Tag } from 'antd';
import { useState } from 'react';
import type { DatabaseProbe, DatabaseTable } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { figure, Grid } from '../../../components/grid';
import { Panel } from '../../../components/page';
import { Answer, Nothing } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';

type Probe = { data?: DatabaseProbe; error: Error | null; isPending: boolean; isIdle: boolean };

export function Found({ name, probe, onRetry, onTable }: { name: string; probe: Probe; onRetry: () => void; onTable: (query: string) => void }) {
  const { t } = useWords();
  if (probe.isIdle) return null;
  return <Panel title={t('database.found', { name })} extra={probe.data && <Protection probe={probe.data} />}>
    <Answer query={{ ...probe, refetch: onRetry }}>{(data) => <div className="stack">
      {data.powers.length > 0 && <Powers probe={data} />}
      {data.tables.length === 0 ? <Nothing title={t('database.noTables')} text={t('database.noTablesText')} /> : <Tables probe={data} onTable={onTable} />}
    </div>}</Answer>
  </Panel>;
}

function Protection({ probe }: { probe: DatabaseProbe }) {
  const { t } = useWords();
  const [color, words] = probe.verified ? ['success', 'database.verified'] as const : probe.encrypted ? ['warning', 'database.encrypted'] as const : ['error', 'database.open'] as const;
  return <span className="row"><b>{probe.server}</b><Tag color={color}>{t(words)}</Tag></span>;
}

/** The console never writes; who wants to be sure of it gives it a user that cannot. */
function Powers({ probe }: { probe: DatabaseProbe }) {
  const { t } = useWords();
  return <Alert type="warning" showIcon title={t('database.powers')} description={<>
    <ul className="plain">{probe.powers.map((power) => <li key={power}>{power}</li>)}</ul>
    {probe.advice && <details><summary>{t('database.advice')}</summary><pre className="detail">{probe.advice}</pre><CopyText code={false} text={probe.advice} shown={t('database.adviceCopy')} what={t('database.advice')} /></details>}</>} />;
}

function Tables({ probe, onTable }: { probe: DatabaseProbe; onTable: (query: string) => void }) {
  const { t, lang } = useWords();
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const full = (table: DatabaseTable) => `${table.schema}.${table.name}`;
  const rows = probe.tables.filter((table) => [full(table), ...table.columns].some((word) => word.toLowerCase().includes(wanted)));
  return <>
    <div className="row between"><span className="soft">{t('database.tablesText')}</span>
      <Input className="filter" allowClear aria-label={t('database.filter')} placeholder={t('database.filter')} value={filter} onChange={(event) => setFilter(event.target.value)} /></div>
    {rows.length === 0 ? <Nothing title={t('database.noMatch', { text: filter.trim() })} /> : <Grid<DatabaseTable> label={t('database.tables')} rows={rows} rowKey={full} height={300} columns={[
      { title: t('col.name'), key: 'name', width: 260, render: (_, table) => <Button type="link" size="small" className="break" aria-label={t('database.write', { name: full(table) })} onClick={() => onTable(table.query)}>{full(table)}</Button> },
      { title: t('database.columns'), key: 'columns', ellipsis: true, render: (_, table) => <span className="soft" title={table.columns.join(', ')}>{table.columns.join(', ')}</span> },
      { title: t('database.rowsAbout'), key: 'rows', width: 140, ...figure, render: (_, table) => (table.rows_about === null ? '' : number(lang, table.rows_about)) },
    ]} />}
    {probe.more_tables && <p className="soft">{t('database.moreTables', { n: number(lang, probe.tables.length) })}</p>}
  </>;
}
