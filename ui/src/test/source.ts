/** @file The test host's sources, recipes and drafts, and a small library that imports, checks, fixes, masks, divides and sends. Tests only. */
import type * as T from '../api/generated/types';
import { NOW } from './data';
import { changed, groups, kinds, libraryVersions, mapped, masked, reportOf, seen, version } from './source.data';

export const freshSource = () => ({ versions: structuredClone(libraryVersions), reports: {} as Record<string, T.VersionReport>, statements: {} as Record<string, T.PrivacyStatement>, drafts: [] as T.Draft[], recipes: [] as T.NamedRecipe[], uploaded: {} as Record<string, string[]>, limit: 314_572_800 });
export type Source = ReturnType<typeof freshSource>;

type Refuse = (code: string, message: string, retryable?: boolean) => Error;
const key = ({ dataset, version: n }: T.VersionId) => `${dataset}@${n}`;

function local(library: Source, id: string, rows: T.VersionRow[]): T.LocalDataset {
  const latest = rows.at(-1) ?? version({ dataset: id });
  return { id, name: latest.name, kind: latest.kind, latest, versions: rows.length, uploaded_to: library.uploaded[id] ?? [] };
}

function held(library: Source, wanted: T.VersionId, refuse: Refuse): T.VersionRow {
  const row = library.versions[wanted.dataset]?.find((one) => one.version === wanted.version);
  if (!row) throw refuse('version_not_found', 'There is no such version.', false);
  return row;
}

function next(library: Source, of: T.VersionRow, part: Partial<T.VersionRow>): T.VersionRow {
  const rows = library.versions[of.dataset] ?? [];
  const row = version({ ...of, checked: null, parent: { dataset: of.dataset, version: of.version }, created_at: NOW, ...part, version: (rows.at(-1)?.version ?? 0) + 1 });
  library.versions[of.dataset] = [...rows, row];
  return row;
}

function added(library: Source, name: string, part: Partial<T.VersionRow>): T.VersionRow {
  const row = version({ dataset: `ds-${Object.keys(library.versions).length}`, name, created_at: NOW, ...part });
  library.versions[row.dataset] = [row];
  return row;
}

export function sourceAnswers(library: Source, refuse: Refuse) {
  const list = () => Object.entries(library.versions).map(([id, rows]) => local(library, id, rows));
  return {
    upload_limits: () => ({ file_bytes: library.limit, console_bytes: 209_715_200 }),
    source_look: ({ path, reading }: T.SourceLook) => seen(path, reading ?? {}),
    source_preview: ({ path, reading, recipe }: T.SourcePreview) => { const source = seen(path, reading ?? {}); return mapped(recipe, source.records, source.columns); },
    recipe_list: () => library.recipes,
    recipe_save: (row: T.NamedRecipe) => { library.recipes = [...library.recipes.filter((one) => one.name !== row.name), row]; return row; },
    recipe_delete: ({ name }: T.RecipeName) => { library.recipes = library.recipes.filter((one) => one.name !== name); return {}; },
    draft_list: () => library.drafts,
    draft_save: (draft: T.Draft) => { const row = { ...draft, saved_at: NOW }; library.drafts = [row, ...library.drafts.filter((one) => one.id !== draft.id)]; return row; },
    draft_delete: ({ id }: T.DraftId) => { library.drafts = library.drafts.filter((one) => one.id !== id); return {}; },
    library_list: list,
    library_get: ({ dataset }: T.LibraryId): T.LibraryDetail => {
      const rows = library.versions[dataset];
      if (!rows) throw refuse('version_not_found', 'There is no such data set.', false);
      const uploads = (library.uploaded[dataset] ?? []).map((cloud) => ({ version: rows.length, cloud_id: 'embedded', cloud_name: cloud, file_id: 'file-1', receipt: null }));
      return { dataset: local(library, dataset, rows), versions: rows, uploads, descendants: Object.values(library.versions).flat().filter((one) => one.parent?.dataset === dataset && one.dataset !== dataset) };
    },
    library_rename: ({ dataset, name }: T.LibraryRename) => { library.versions[dataset]?.forEach((row) => { row.name = name; }); return {}; },
    library_delete: ({ dataset }: T.LibraryId) => { delete library.versions[dataset]; return {}; },
    version_rows: ({ from, count, ...id }: T.RowsRequest): T.RowsPage => {
      const { rows: total } = held(library, id, refuse);
      const rows = Array.from({ length: Math.max(0, Math.min(count, 200, total - from)) }, (_, i) => ({ number: from + i, line: from + i + 1, messages: [{ role: 'user', content: `第 ${from + i + 1} 个问题` }, { role: 'assistant', content: '早餐每天 6:30 至 10:15。' }], rejected: null, raw: from + i === 10 ? 'this is not JSON' : null, provenance: null, cut: false }));
      return { total, from, rows };
    },
    row_find: ({ line }: T.RowFind) => ({ number: line - 1 }),
    version_report: (id: T.VersionId) => ({ report: library.reports[key(id)] ?? null }),
    fix_preview: (request: T.FixRequest): T.FixPreview => { const rows = changed.filter((row) => row.why.some((code) => request.codes.includes(code)) || (request.drop_bad && row.after === null)); return { rows, changed: rows.filter((row) => row.after !== null).length, removed: request.drop_bad ? 1 : 0, whole: true }; },
    privacy_kinds: () => kinds,
    mask_preview: ({ plan }: T.MaskRequest): T.MaskPreview => ({ counts: { mobile: 26, vendor_key: 2 }, whole: true, rows: masked.map((row) => ({ ...row, texts: row.texts.map((text) => ({ ...text, pieces: text.pieces.map((piece) => (piece.kind && (plan.ways[piece.kind] ?? plan.otherwise) === 'keep' ? { ...piece, after: piece.text } : piece)) })) })) }),
    privacy_report: (id: T.VersionId): T.KeptPrivacy => ({ report: library.statements[key(id)] ?? null, path: library.statements[key(id)] ? `/data/datasets/${id.dataset}-${id.version}.privacy.json` : null }),
  };
}

type Parts = (stage: string, total: number, unit: string) => Promise<void>;

export function sourceFlows(library: Source, refuse: Refuse, uploads: (row: T.DatasetRow) => void) {
  const kept = (row: T.VersionRow, wanted: T.FindingGroup[], model: string | null) => {
    const report = reportOf(row, wanted, model);
    library.reports[key(row)] = report;
    row.checked = { good_rows: report.good_rows, errors: report.errors_total, warnings: report.findings_total - report.errors_total, personal: 26, secrets: 2, tokens: report.tokens, checked_at: NOW };
    return report;
  };
  /** What is wrong with a version: bad sources have everything, and each step takes its part away. */
  const wrong = (row: T.VersionRow): T.FindingGroup[] => {
    const history = (library.versions[row.dataset] ?? []).filter((one) => one.version <= row.version);
    const had = (name: string) => history.some((one) => one.counts[name] !== undefined);
    const finds = history.some((one) => one.made === 'mask') || !/bad|private/.test(row.source) ? [] : [groups.key, groups.mobile];
    if (!row.source.includes('bad')) return finds;
    return [...(had('rows_removed') ? [] : [groups.order]), ...(had('file_bom') ? [] : [groups.bom]), ...(had('zero_width') ? [] : [groups.spaces]), ...(history.some((one) => one.made === 'dedup') ? [] : [groups.twins]), ...finds];
  };
  return {
    source_import: async (request: T.SourceImport, parts: Parts) => { await parts('import', 187_344, 'bytes'); return added(library, request.name, { kind: request.recipe?.kind ?? request.kind, source: request.path }); },
    database_import: async (request: T.DatabaseImport, parts: Parts) => { await parts('query', 1840, 'rows'); return added(library, request.name, { made: 'query', source: request.sql }); },
    document_import: async (request: T.DocumentImport, parts: Parts) => { await parts('read', 2_400_000, 'bytes'); return added(library, request.name, { kind: 'cpt', made: 'passages', source: request.path }); },
    version_export: async (_: T.VersionExport, parts: Parts) => { await parts('export', 187_344, 'bytes'); return {}; },
    version_check: async (request: T.VersionCheck, parts: Parts) => { await parts('check', 187_344, 'bytes'); const row = held(library, request, refuse); return kept(row, wrong(row), request.model ?? null); },
    version_fix: async (request: T.FixRequest, parts: Parts) => { await parts('fix', 168, 'rows'); const row = held(library, request, refuse); return next(library, row, { made: 'fix', rows: row.rows - (request.drop_bad ? 14 : 0), counts: { ...Object.fromEntries(request.codes.map((code) => [code, 1])), ...(request.drop_bad && { rows_removed: 14 }) } }); },
    version_dedup: async (request: T.DedupRequest, parts: Parts) => { await parts('dedup', 168, 'rows'); const row = held(library, request, refuse); return next(library, row, { made: 'dedup', rows: row.rows - 37, counts: { duplicates: 37 } }); },
    version_split: async (request: T.SplitRequest, parts: Parts) => {
      await parts('split', 168, 'rows');
      const row = held(library, request, refuse);
      const part = (name: string, rows: number, bytes: number) => added(library, name, { kind: row.kind, made: 'split', parent: { dataset: row.dataset, version: row.version }, rows, bytes, source: row.source });
      if (request.validation_share === 0) return [1, 2].map((n) => part(`${row.name}-${n}`, row.rows / 2, row.bytes / 2));
      const held_back = Math.round(row.rows * request.validation_share);
      return [part(`${row.name}-train`, row.rows - held_back, row.bytes * 0.9), part(`${row.name}-validation`, held_back, row.bytes * 0.1)];
    },
    version_sample: async (request: T.SampleRequest, parts: Parts) => { await parts('copy', 168, 'rows'); const row = held(library, request, refuse); return added(library, `${row.name}-sample`, { made: 'sample', rows: request.rows, parent: { dataset: row.dataset, version: row.version } }); },
    version_diff: async (_: T.DiffRequest, parts: Parts): Promise<T.VersionDiff> => { await parts('check', 168, 'rows'); return { added: 0, removed: 1, changed: 1, same: 166, rows: changed.map((row) => ({ older_line: row.line, newer_line: row.after === null ? null : row.line, before: row.before, after: row.after })) }; },
    version_mask: async (request: T.MaskRequest, parts: Parts): Promise<T.MaskDone> => {
      await parts('mask', 168, 'rows');
      const row = held(library, request, refuse);
      const made = next(library, row, { made: 'mask', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' });
      const way = (kind: string) => request.plan.ways[kind] ?? request.plan.otherwise;
      const report: T.PrivacyStatement = { time: NOW, name: row.name, input_sha256: row.sha256, output_sha256: made.sha256, rows: row.rows, found: { mobile: 26, vendor_key: 2 }, done: { mobile: { [way('mobile')]: 26 }, vendor_key: { [way('vendor_key')]: 2 } }, fingerprint: 'SHA256:wq7Zb3vJ2h0m1fYd8cLr4xKtPz6uNs9eAo5gVi' };
      library.statements[key(made)] = report;
      return { version: made, report, report_path: `/data/datasets/${made.dataset}-${made.version}.privacy.json` };
    },
    version_upload: async (request: T.VersionSend, parts: Parts): Promise<T.DatasetRow> => {
      const row = held(library, request, refuse);
      await parts('upload', row.bytes, 'bytes');
      const id = `file-${row.dataset}`;
      library.uploaded[row.dataset] = ['内置云'];
      const sent = { id, name: `${row.name}.jsonl`, description: request.description ?? '', bytes: row.bytes, md5: 'd3', rows: row.rows, sha256: row.sha256, created_at: NOW, receipt: `/data/receipts/${id}.json` };
      uploads(sent);
      return sent;
    },
  };
}

type Asked = { dataset?: string; older?: { dataset: string } };

/** Data sets that were made here answer here; the rest is another's, where there is one. */
export function before<T extends object, O extends object>(library: Source, mine: T, others: O): O & T {
  const both = Object.entries(mine).map(([name, own]) => {
    const other = (others as Record<string, unknown>)[name];
    if (typeof other !== 'function') return [name, own];
    if (name === 'library_list') return [name, () => [...(own as () => object[])(), ...(other as () => object[])()]];
    const of = (request: Asked) => request.dataset ?? request.older?.dataset;
    return [name, (request: Asked, ...rest: unknown[]) => ((of(request) === undefined || library.versions[of(request) as string] ? own : other) as (...all: unknown[]) => unknown)(request, ...rest)];
  });
  return { ...others, ...Object.fromEntries(both) };
}

/** Wizards that were left at each step, to look at: `#/datasets/new/at-check` and so on. */
export function leftWizards(library: Source): void {
  const row = added(library, '客服记录', { dataset: 'ds-left', source: '/data/bad-rows.csv' });
  const draft = (step: string, part: object) => ({ id: `at-${step}`, saved_at: NOW, content: JSON.stringify({ step, reached: step, path: '/data/bad-rows.csv', name: '客服记录', dataset: row.dataset, version: 1, ...part }) });
  library.reports[key(row)] = reportOf(row, [groups.key, groups.mobile], 'gemma-3-270m');
  const bad = added(library, '客服记录 2', { source: '/data/bad-rows.csv' });
  const sent = added(library, '客服记录-train', { made: 'split', rows: 151 });
  const rest = added(library, '客服记录-validation', { made: 'split', rows: 17 });
  const parts = [sent, rest].map(({ dataset, version: n }) => ({ dataset, version: n }));
  library.drafts = [draft('check', { dataset: bad.dataset }), draft('privacy', {}), draft('upload', {}), { ...draft('upload', { parts, sent: { [key(sent)]: { name: '客服记录-train.jsonl', receipt: '/data/receipts/file-1.json' } } }), id: 'at-sending' }];
}
