/** @file Local data sets that the test host knows: sources, versions, checks, finds. Tests only. */
import type * as T from '../api/generated/types';
import { NOW } from './data';

export const kinds: T.PrivacyKind[] = [
  { kind: 'resident_id', label: 'resident ID', secret: false }, { kind: 'mobile', label: 'mobile number', secret: false }, { kind: 'name', label: 'name', secret: false },
  { kind: 'email', label: 'e-mail', secret: false }, { kind: 'vendor_key', label: 'key', secret: true }, { kind: 'custom', label: 'own rule', secret: false },
];

export const version = (part: Partial<T.VersionRow> & { dataset: string }): T.VersionRow => ({
  version: 1, name: 'hotel', kind: 'sft', sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', bytes: 187_344, rows: 168, parent: null, made: 'import', source: '/data/hotel.csv', counts: {}, created_at: '2026-11-24T08:00:00Z', checked: null, path: `/data/datasets/${part.dataset}.jsonl`, ...part,
});

export const libraryVersions: Record<string, T.VersionRow[]> = {
  'front-desk': [version({ dataset: 'front-desk', name: '前台问答', rows: 18_240, bytes: 21_400_000 }), version({ dataset: 'front-desk', name: '前台问答', version: 2, rows: 18_102, bytes: 21_100_000, made: 'mask', parent: { dataset: 'front-desk', version: 1 }, checked: { good_rows: 18_102, errors: 0, warnings: 12, personal: 3, secrets: 0, tokens: 2_410_330, checked_at: NOW } })],
  'concierge': [version({ dataset: 'concierge', name: 'concierge-english', rows: 1_000_000, bytes: 1_180_000_000, made: 'query', checked: { good_rows: 999_586, errors: 414, warnings: 20, personal: 1, secrets: 2, tokens: null, checked_at: NOW } })],
};

const pair: T.Recipe = { version: 1, kind: 'sft', source: { shape: 'pair', question: '{问题}', answer: '{回答}' } };
const turn: T.Recipe = { version: 1, kind: 'sft', source: { shape: 'turn', speaker: '发送者', content: '{内容}' }, group: { by: ['会话'], order: '时间' } };
const questions = ['早餐几点开始？', '可以延迟退房吗？', '有停车场吗？', '泳池开到几点？'];

const table = { encoding: 'GB18030', delimiter: ',', header: true, sheets: [], bytes: 48_200, certainty: 0.86, skipped: [], ready: false, document: false };

/** What a source is, by the end of its name. */
export function seen(path: string, reading: T.SourceReading): T.SourceSeen {
  const name = path.split('/').at(-1) ?? path;
  const base = { path, name, files: [name] };
  if (name.endsWith('.jsonl')) return { ...base, ...table, format: 'jsonl', encoding: 'UTF-8', delimiter: null, header: null, bytes: 187_344, columns: ['messages'], records: [], recipe: { version: 1, kind: 'sft', source: { shape: 'messages', column: 'messages' } }, certainty: 1, reasons: ['The lines are conversations already.'], ready: true, preview: [{ at: 1, messages: [{ role: 'system', content: '你是云栖湖畔酒店的客服。' }, { role: 'user', content: '早餐几点开始？' }, { role: 'assistant', content: '早餐在二楼“听松厅”，每天 6:30 至 10:15。' }], rejected: null, skipped: null }] };
  if (/\.(pdf|docx|md)$/.test(name)) return { ...base, ...table, format: 'document', encoding: null, delimiter: null, header: null, bytes: 2_400_000, columns: ['text'], records: [], recipe: { version: 1, kind: 'cpt', source: { shape: 'text', text: '{text}' } }, reasons: [], preview: [], document: true };
  if (name.startsWith('chat')) return { ...base, ...table, format: 'csv', ...reading, columns: ['会话', '时间', '发送者', '内容'], recipe: turn, reasons: ['“发送者” holds two names that alternate.'],
    records: ['客户', '小云'].map((who, i) => ({ at: i + 2, values: ['c-1', `2026-11-20 09:0${i}`, who, i ? '每天 6:30 至 10:15。' : '早餐几点开始？'] })), preview: [{ at: 2, messages: [{ role: 'user', content: '早餐几点开始？' }, { role: 'assistant', content: '每天 6:30 至 10:15。' }], rejected: null, skipped: null }] } as T.SourceSeen;
  const records = questions.map((question, i) => ({ at: i + 2, values: [question, i === 2 ? '' : `回答 ${i + 1}`, '客服部'] }));
  return { ...base, ...table, format: 'csv', ...reading, columns: ['问题', '回答', '部门'], records, recipe: pair, reasons: ['“问题” is a usual name of a question.', 'Values of “回答” are longer than those of “问题”.'], preview: mapped(pair, records) } as T.SourceSeen;
}

/** The first rows by a recipe: enough of it to see that the recipe is the one that was sent. */
export function mapped(recipe: T.Recipe, records: T.SourceRecord[], columns = ['问题', '回答', '部门']): T.PreviewedRow[] {
  const fill = (template: string, record: T.SourceRecord) => template.replace(/\{([^{}?]+)\??\}/g, (_, name: string) => record.values[columns.indexOf(name)] ?? '');
  return records.map((record) => {
    const { source } = recipe;
    const made = (parts: [string, string][]): T.PreviewedRow => {
      const empty = parts.find(([, text]) => !text.trim());
      return empty ? { at: record.at, messages: [], rejected: null, skipped: 'The answer is empty.' } : { at: record.at, messages: [...(recipe.system ? [{ role: 'system', content: recipe.system }] : []), ...parts.map(([role, content]) => ({ role, content }))], rejected: null, skipped: null };
    };
    if (source.shape === 'pair') return made([['user', fill(source.question, record)], ['assistant', fill(source.answer, record)]]);
    if (source.shape === 'text') return made([['', fill(source.text, record)]]);
    if (source.shape === 'preference') return { ...made([['user', fill(source.question ?? '', record)], ['assistant', fill(source.chosen, record)]]), rejected: fill(source.rejected, record) };
    return made([['user', fill('content' in source ? source.content : `{${source.column}}`, record)]]);
  });
}

const group = (code: string, severity: T.Severity, area: T.FindingArea, total: number, title: string, fix: string | null): T.FindingGroup => ({ code, severity, area, total, title, fix });

export const groups = {
  order: group('turn_order', 'error', 'format', 414, 'Turns do not alternate', null),
  bom: group('file_bom', 'error', 'format', 1, 'The file begins with a byte-order mark', 'It is taken away.'),
  spaces: group('zero_width', 'warning', 'content', 823, 'Characters that nobody sees', 'They are taken out.'),
  twins: group('row_duplicate', 'warning', 'duplicates', 37, 'The row is there twice', 'Removed with duplicates.'),
  mobile: group('personal_mobile', 'warning', 'privacy', 26, 'A mobile number', null),
  key: group('secret_vendor_key', 'warning', 'secrets', 2, 'A key of a vendor', null),
};

/** As many findings as a check lists at most, so that lists are seen to draw only what is in view. */
const many = (wanted: T.FindingGroup[]): T.VersionFinding[] => wanted.flatMap((one) => Array.from({ length: Math.min(one.total, 1000) }, (_, i) => ({
  code: one.code, severity: one.severity, line: one.code === 'file_bom' ? 0 : i * 3 + 2, at: 'messages[1].content', column: one.severity === 'warning' ? 7 : 0, message: `${one.title}.`,
}))).sort((a, b) => a.line - b.line);

export function reportOf(row: T.VersionRow, wanted: T.FindingGroup[], model: string | null): T.VersionReport {
  const errors = wanted.filter((one) => one.severity === 'error').reduce((sum, one) => sum + one.total, 0);
  const findings = many(wanted);
  return {
    dataset: row.dataset, version: row.version, rows: row.rows, good_rows: wanted.includes(groups.order) ? row.rows - 14 : row.rows, bytes: row.bytes, messages: row.rows * 3, characters: row.rows * 250, tokens: model ? row.rows * 132 : null, model,
    groups: wanted, findings, findings_total: wanted.reduce((sum, one) => sum + one.total, 0), errors_total: errors, checked_at: NOW,
    charts: [
      { name: 'characters', bars: [{ label: '64-127', count: 40 }, { label: '128-255', count: 88 }, { label: '256-511', count: 40 }], median: 181, p95: 420, greatest: 508 },
      { name: 'turns', bars: [{ label: '1', count: 120 }, { label: '2', count: 48 }], median: 1, p95: 2, greatest: 2 },
      { name: 'languages', bars: [{ label: 'zh', count: 130 }, { label: 'en', count: 38 }], median: null, p95: null, greatest: null },
    ],
  };
}

export const masked: T.MaskedRow[] = [
  { line: 4, texts: [{ at: 'messages[0].content', pieces: [{ text: '我的电话是 ', kind: null, after: null }, { text: '13812345678', kind: 'mobile', after: '138****5678' }, { text: '，请回电。', kind: null, after: null }] }] },
  { line: 9, texts: [{ at: 'messages[2].content', pieces: [{ text: 'Use ', kind: null, after: null }, { text: 'sk-proj-4fT9', kind: 'vendor_key', after: '[key]' }] }] },
];

export const changed: T.ChangedRow[] = [
  { line: 3, before: '{"messages":[{"role":"user","content":"早餐\u200b几点？"}]}', after: '{"messages":[{"role":"user","content":"早餐几点？"}]}', why: ['zero_width'] },
  { line: 11, before: '{"messages":[{"role":"user","content":"?"}]}', after: null, why: ['turn_order'] },
];
