/** @file What the test host knows of databases: two connections of a hotel, their tables, and the first rows of a query. Tests only. */
import type * as T from '../api/generated/types';
import type { Answers, Flows, State } from './fake';

export const databases: T.DatabaseRow[] = [
  { id: 'db-1', name: 'Front desk', engine: 'postgres', host: 'db.hotel.example', port: 5432, database: 'desk', user: 'reader', tls: 'verify_full', ca: null },
  { id: 'db-2', name: '会员系统', engine: 'mysql', host: '127.0.0.1', port: 3306, database: '', user: 'root', tls: 'prefer', ca: null },
];

const table = (name: string, columns: string[], rows_about: number | null): T.DatabaseTable => ({ schema: 'public', name, columns, rows_about, query: `SELECT ${columns.map((column) => `"${column}"`).join(', ')} FROM "public"."${name}"` });

export const probes: Record<string, T.DatabaseProbe> = {
  'db-1': { server: 'PostgreSQL 15.14', encrypted: true, verified: true, powers: [], advice: '', more_tables: false, tables: [table('faq', ['问题', '答案'], 1840), table('guests', ['id', 'name'], null)] },
  'db-2': { server: 'MariaDB 10.11.14', encrypted: false, verified: false, powers: ['This user may do everything on the server (ALL PRIVILEGES ON *.*).'], advice: "CREATE USER 'partner_reader'@'%' …", more_tables: true, tables: [] },
};

const say = (role: string, content: string): T.SampleMessage => ({ role, content });

export const rowsSeen: T.DatabaseSeen = {
  columns: ['问题', '答案'], certainty: 0.95, reasons: ['The column 问题 is called like a question.'],
  records: [{ at: 1, values: ['早餐几点开始？', '六点半。'] }, { at: 2, values: ['几点退房？', '中午十二点。'] }],
  recipe: { version: 1, kind: 'sft', source: { shape: 'pair', question: '{问题}', answer: '{答案}' } },
  preview: [{ at: 1, messages: [say('user', '早餐几点开始？'), say('assistant', '六点半。')], rejected: null, skipped: null }, { at: 2, messages: [say('user', '几点退房？'), say('assistant', '中午十二点。')], rejected: null, skipped: null }],
};

type Names = 'database_list' | 'database_save' | 'database_remove' | 'database_probe' | 'database_preview';

export const databaseAnswers = (state: State): Pick<Answers, Names> => ({
  database_list: () => state.databases,
  database_save: ({ row }) => { const kept = { ...row, id: row.id || `db-${state.databases.length + 1}` }; state.databases = [...state.databases.filter((one) => one.id !== kept.id), kept]; return kept; },
  database_remove: ({ id }) => { state.databases = state.databases.filter((row) => row.id !== id); return {}; },
  database_probe: ({ id }) => state.probes[id] ?? { ...probes['db-1'] as T.DatabaseProbe, tables: [] },
  database_preview: () => state.rowsSeen.preview,
});

export const databaseFlows = (state: State): Pick<Flows, 'database_look'> => ({
  database_look: async ({ sql }, tell) => { await tell({ stage: 'look', done: 0, total: null, unit: 'rows' }); return sql.includes('false') ? { ...state.rowsSeen, records: [], preview: [] } : state.rowsSeen; },
});
