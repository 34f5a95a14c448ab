/** @file Local data sets of the test host: a million rows that are made when asked for, versions, a check, masking. Tests only. */
import type * as T from '../api/generated/types';
import { HostError } from '../api/host';

const AT = '2026-11-25T09:30:00Z';
const MILLION = 1_000_000;
export const local = 'ds-hotel';
const checked = (errors: number, warnings: number): T.Checked => ({ good_rows: MILLION - errors, errors, warnings, personal: 3120, secrets: 2, tokens: 46_180_220, checked_at: AT });
const version = (part: Partial<T.VersionRow> & { version: number; made: T.MadeBy }): T.VersionRow => ({
  dataset: local, name: '酒店客服', kind: 'sft', sha256: `${part.version}c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae`, bytes: 812_400_000, rows: MILLION, parent: part.version > 1 ? { dataset: local, version: part.version - 1 } : null,
  source: '', counts: {}, created_at: `2026-11-2${Math.min(9, part.version)}T02:14:00Z`, checked: null, path: `/data/user/datasets/${local}-${part.version}.jsonl`, ...part,
});
const child = (dataset: string, name: string, made: T.MadeBy, rows: number, from: number): T.VersionRow => version({ dataset, name, made, version: 1, rows, bytes: rows * 812, parent: { dataset: local, version: from } });

/** What can be changed by a test. */
export const libraryRows = {
  versions: [
    version({ version: 1, made: 'import', source: '/data/user/exports/客服记录 2026.xlsx', checked: checked(414, 5210) }),
    version({ version: 2, made: 'fix', counts: { content_empty: 312, control_character: 1204, rows_removed: 588 }, rows: MILLION - 588 }),
    version({ version: 3, made: 'mask', counts: { mobile: 2107, name: 940, resident_id: 73 }, rows: MILLION - 588, checked: checked(0, 4006) }),
  ] as T.VersionRow[],
  others: [child('ds-train', '酒店客服-train', 'split', 899_471, 3), child('ds-valid', '酒店客服-validation', 'split', 99_941, 3), child('ds-small', 'hotel sample', 'sample', 2000, 2)] as T.VersionRow[],
  uploads: [{ version: 3, cloud_id: 'embedded', cloud_name: '内置云', file_id: 'file-5f2c9a1e7b', receipt: '/data/user/receipts/file-5f2c9a1e7b.json' }] as T.VersionUpload[],
  checkedVersions: [1, 3] as number[],
};
export type LibraryState = typeof libraryRows;

const asks = ['早餐几点开始？', 'Is there parking at the hotel?', '可以延迟退房到下午两点吗？', '我的订单号是 HX-20391，请帮我把大床房改成双床房，另外需要一张婴儿床。', 'How do I reach the airport by train?'];
const tells = ['早餐在二楼“听松厅”，每天 6:30 至 10:15。', 'Yes. The garage below the hotel has 120 places; guests park free of charge.', '可以为您保留到 14:00，不收费。', '已改为双床房，婴儿床今晚 18:00 前送到，手机 138****1234 会收到确认。', 'Line 7 from Yunqi station, forty minutes, every ten minutes until 23:10.'];

/** Row `number`; one in a thousand cannot be read, one in fifty was drafted by a model, one line is blank. */
export function rowOf(number: number): T.BrowsedRow {
  const line = number < 500 ? number + 1 : number + 2;
  if (number % 1000 === 42) return { number, line, messages: [], rejected: null, raw: `{"messages":[{"role":"user","content":"第 ${line} 行"},]}`, provenance: null, cut: false };
  const turns: T.SampleMessage[] = [{ role: 'user', content: `${asks[number % 5]} (${number})` }, { role: 'assistant', content: tells[number % 5] ?? '' }];
  const more: T.SampleMessage[] = number % 7 === 3 ? [{ role: 'user', content: '谢谢！' }, { role: 'assistant', content: '不客气，祝您入住愉快。' }] : [];
  return { number, line, messages: number % 3 === 0 ? [{ role: 'system', content: '你是云栖湖畔酒店的客服。' }, ...turns, ...more] : [...turns, ...more], rejected: number % 11 === 5 ? '不知道。' : null, raw: null, provenance: number % 50 === 7 ? 'Drafted by gemma-3-270m from “会员手册.pdf”, passage 12; accepted with changes.' : null, cut: number % 400 === 9 };
}

const group = (code: string, severity: T.Severity, area: T.FindingArea, total: number, title: string, fix: string | null): T.FindingGroup => ({ code, severity, area, total, title, fix });
export const groups: T.FindingGroup[] = [
  group('line_not_json', 'error', 'format', 1000, 'The line is not JSON.', null), group('content_empty', 'error', 'format', 312, 'A content is empty.', 'Messages without content are removed.'),
  group('control_character', 'warning', 'content', 1204, 'A text holds a control character.', 'Control characters are removed.'), group('duplicate_near', 'warning', 'duplicates', 886, 'The row is nearly the same as an earlier one.', null),
  group('personal_mobile', 'warning', 'privacy', 2107, 'A mobile number.', null), group('secret_key', 'error', 'secrets', 2, 'An access key.', null),
];
const finding = (i: number): T.VersionFinding => {
  const of = groups[i % groups.length] ?? groups[0]!;
  const line = of.code === 'line_not_json' ? i * 1000 + 43 : i + 1;
  return { code: of.code, severity: of.severity, line, at: of.code === 'line_not_json' ? '' : `messages[${i % 3 === 0 ? 1 : 0}].content`, column: 5, message: of.title };
};
const bar = (label: string, count: number): T.Bar => ({ label, count });
const charts: T.Distribution[] = [
  { name: 'characters', bars: [bar('1-16', 12_000), bar('17-32', 402_000), bar('33-64', 391_000), bar('65-128', 150_000), bar('129-256', 44_586), bar('257-512', 414)], median: 38, p95: 141, greatest: 498 },
  { name: 'turns', bars: [bar('1', 857_000), bar('2', 142_586), bar('3', 414)], median: 1, p95: 2, greatest: 3 },
  { name: 'answers', bars: [bar('1-16', 200_000), bar('17-32', 402_000), bar('33-64', 398_000)], median: 24, p95: 60, greatest: 64 },
  { name: 'tokens', bars: [bar('16-31', 411_000), bar('32-63', 502_000), bar('64-127', 87_000)], median: 41, p95: 92, greatest: 126 },
  { name: 'languages', bars: [bar('chinese', 600_000), bar('latin', 398_000), bar('mixed', 2000)], median: null, p95: null, greatest: null },
  { name: 'labels', bars: [], median: null, p95: null, greatest: null },
];
const reportOf = (id: T.VersionId): T.VersionReport => ({
  dataset: id.dataset, version: id.version, rows: MILLION, good_rows: MILLION - 1314, bytes: 812_400_000, messages: 2_480_000, characters: 61_000_000, tokens: 46_180_220, model: 'gemma-3-270m',
  groups, findings: Array.from({ length: 1200 }, (_, i) => finding(i)), findings_total: 5511, errors_total: 1314, charts, checked_at: AT,
});
const statement: T.PrivacyStatement = { time: AT, name: '酒店客服', input_sha256: '2c26b46b68ffc68ff99b453c1d304134', output_sha256: '3c26b46b68ffc68ff99b453c1d304134', rows: MILLION - 588, found: { mobile: 2107, name: 940, resident_id: 73 }, done: { mobile: { mask: 2107 }, name: { pseudonym: 940 }, resident_id: { remove: 73 } }, fingerprint: '9f:41:07:c2:5e:1d:88:a0' };

const refused = (code: string, message: string) => new HostError({ code, message, retryable: false, detail: null });

function rowsOf(state: LibraryState, { dataset, version: number }: T.VersionId): T.VersionRow {
  const row = [...state.versions, ...state.others].find((one) => one.dataset === dataset && one.version === number);
  if (!row) throw refused('version_not_found', `There is no version ${number} of this data set.`);
  return row;
}

const detailOf = (state: LibraryState, id: string): T.LibraryDetail => {
  const versions = [...state.versions, ...state.others].filter((row) => row.dataset === id);
  const latest = versions.at(-1);
  if (!latest) throw refused('dataset_not_found', 'There is no such data set on this computer.');
  return { dataset: { id, name: latest.name, kind: latest.kind, latest, versions: versions.length, uploaded_to: [...new Set(id === local ? state.uploads.map((one) => one.cloud_name) : [])] }, versions, descendants: state.others.filter((row) => row.parent?.dataset === id), uploads: id === local ? state.uploads : [] };
};

export function libraryAnswers(state: LibraryState) {
  return {
    library_list: (): T.LocalDataset[] => [...new Set([...state.versions, ...state.others].map((row) => row.dataset))].map((id) => detailOf(state, id).dataset),
    library_get: ({ dataset }: T.LibraryId) => detailOf(state, dataset),
    library_rename: ({ dataset, name }: T.LibraryRename) => { [...state.versions, ...state.others].filter((row) => row.dataset === dataset).forEach((row) => { row.name = name; }); return {}; },
    library_delete: ({ dataset }: T.LibraryId) => { state.versions = state.versions.filter((row) => row.dataset !== dataset); state.others = state.others.filter((row) => row.dataset !== dataset); return {}; },
    version_rows: ({ dataset, version: number, from, count }: T.RowsRequest): T.RowsPage => {
      const total = rowsOf(state, { dataset, version: number }).rows;
      return { total, from, rows: Array.from({ length: Math.max(0, Math.min(count, 200, total - from)) }, (_, i) => rowOf(from + i)) };
    },
    row_find: ({ line }: T.RowFind): T.RowNumber => ({ number: line <= 500 ? line - 1 : line - 2 }),
    version_report: (id: T.VersionId): T.KeptReport => ({ report: id.dataset === local && state.checkedVersions.includes(id.version) ? reportOf(id) : null }),
    fix_preview: ({ codes, drop_bad }: T.FixRequest): T.FixPreview => ({ changed: codes.length * 312, removed: drop_bad ? 1002 : 0, whole: false, rows: codes.length === 0 && !drop_bad ? [] : [{ line: 3, before: '{"messages":[{"role":"user","content":"可以延迟\\u0007退房吗？"},{"role":"assistant","content":"可以。"}]}', after: '{"messages":[{"role":"user","content":"可以延迟退房吗？"},{"role":"assistant","content":"可以。"}]}', why: codes }, ...(drop_bad ? [{ line: 43, before: '{"messages":[{"role":"user"},]}', after: null, why: ['line_not_json'] }] : [])] }),
    privacy_kinds: (): T.PrivacyKind[] => [{ kind: 'mobile', label: '手机号', secret: false }, { kind: 'name', label: '姓名', secret: false }, { kind: 'resident_id', label: '居民身份证', secret: false }, { kind: 'access_key', label: 'AccessKey', secret: true }],
    mask_preview: ({ plan }: T.MaskRequest): T.MaskPreview => ({ counts: { mobile: 2107, name: 940 }, whole: false, rows: [{ line: 4, texts: [{ at: 'messages[0].content', pieces: [{ text: '请打我的手机 ', kind: null, after: null }, { text: '13812341234', kind: 'mobile', after: plan.ways.mobile === 'remove' ? '[手机号]' : '138****1234' }, { text: '，谢谢。', kind: null, after: null }] }] }] }),
    privacy_report: (id: T.VersionId): T.KeptPrivacy => (rowsOf(state, id).made === 'mask' ? { report: statement, path: `/data/user/datasets/${id.dataset}-${id.version}.privacy.json` } : { report: null, path: null }),
  };
}

type Tell = (event: T.TaskProgress) => Promise<void>;
async function parts(tell: Tell, stage: string, total: number, unit = 'rows'): Promise<void> {
  for (let part = 1; part <= 4; part += 1) await tell({ stage, done: Math.round((total * part) / 4), total, unit });
}

export function libraryFlows(state: LibraryState) {
  const next = async (id: T.VersionId, made: T.MadeBy, counts: Record<string, number>, tell: Tell): Promise<T.VersionRow> => {
    const from = rowsOf(state, id);
    await parts(tell, made, from.rows);
    const same = [...state.versions, ...state.others].filter((row) => row.dataset === id.dataset);
    const row = { ...from, version: same.length + 1, made, counts, parent: { dataset: id.dataset, version: id.version }, checked: null, rows: from.rows - (counts.rows_removed ?? 0) };
    state.versions.push(row);
    return row;
  };
  const fresh = (from: T.VersionId, made: T.MadeBy, name: string, rows: number) => {
    const row = { ...child(`ds-${made}-${state.others.length}`, name, made, rows, from.version), parent: { dataset: from.dataset, version: from.version } };
    state.others.push(row);
    return row;
  };
  return {
    version_export: async (request: T.VersionExport, tell: Tell) => { await parts(tell, 'export', rowsOf(state, request).bytes, 'bytes'); return {}; },
    version_upload: async (request: T.VersionSend, tell: Tell): Promise<T.DatasetRow> => {
      const row = rowsOf(state, request);
      await parts(tell, 'upload', row.bytes, 'bytes');
      state.uploads.push({ version: request.version, cloud_id: 'embedded', cloud_name: '内置云', file_id: 'file-new', receipt: null });
      return { id: 'file-new', name: `${row.name}.jsonl`, description: request.description ?? '', bytes: row.bytes, md5: 'd3', rows: row.rows, sha256: row.sha256, created_at: AT };
    },
    version_check: async (request: T.VersionCheck, tell: Tell): Promise<T.VersionReport> => {
      await parts(tell, 'check', rowsOf(state, request).bytes, 'bytes');
      state.checkedVersions.push(request.version);
      rowsOf(state, request).checked = checked(414, 5210);
      return reportOf(request);
    },
    version_fix: (request: T.FixRequest, tell: Tell) => next(request, 'fix', { ...Object.fromEntries(request.codes.map((code) => [code, 312])), rows_removed: request.drop_bad ? 1002 : 0 }, tell),
    version_dedup: (request: T.DedupRequest, tell: Tell) => next(request, 'dedup', { rows_removed: 886 }, tell),
    version_mask: async (request: T.MaskRequest, tell: Tell): Promise<T.MaskDone> => ({ version: await next(request, 'mask', statement.found, tell), report: statement, report_path: '/data/user/datasets/privacy.json' }),
    version_split: async (request: T.SplitRequest, tell: Tell): Promise<T.VersionRow[]> => {
      const from = rowsOf(state, request);
      await parts(tell, 'split', from.rows);
      const held = Math.round(from.rows * request.validation_share);
      return [fresh(request, 'split', `${from.name}-train`, from.rows - held), ...(held ? [fresh(request, 'split', `${from.name}-validation`, held)] : [])];
    },
    version_sample: async (request: T.SampleRequest, tell: Tell): Promise<T.VersionRow> => { await parts(tell, 'sample', request.rows); return fresh(request, 'sample', `${rowsOf(state, request).name}-sample`, request.rows); },
    version_diff: async (request: T.DiffRequest, tell: Tell): Promise<T.VersionDiff> => {
      await parts(tell, 'compare', rowsOf(state, request.newer).rows);
      const text = (word: string) => `{"messages":[{"role":"user","content":"我的手机是 ${word}，请回电。"},{"role":"assistant","content":"好的，稍后联系您。"}]}`;
      return { added: 0, removed: 588, changed: 3120, same: 996_292, rows: [{ older_line: 4, newer_line: 4, before: text('13812341234'), after: text('138****1234') }, { older_line: 43, newer_line: null, before: '{"messages":[{"role":"user"},]}', after: null }, { older_line: null, newer_line: 90, before: null, after: text('138****5678') },
        ...Array.from({ length: 60 }, (_, i) => ({ older_line: 100 + i, newer_line: 99 + i, before: text(`139${10_000_000 + i}`), after: text(`139****${1000 + i}`) }))] };
    },
  };
}
