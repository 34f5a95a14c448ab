/** @file A host in memory for tests and for looking at pages: the command table over believable rows. Never shipped. */
import type { Commands } from '../api/generated/commands';
import type { Tag, TaskProgress, TaskRow, UploadRow } from '../api/generated/types';
import { aborted, HostError, type Host, type Name, type Named } from '../api/host';
import * as data from './data';
import { databaseAnswers, databaseFlows, databases, probes, rowsSeen } from './database';
import { libraryAnswers, libraryFlows, libraryRows } from './library';
import { before, freshSource, sourceAnswers, sourceFlows } from './source';
import { proposalAnswers, proposalFlows, proposalRows } from './proposals';

export type Answers = { [N in Named<'query' | 'mutation'>]?: (request: Commands[N]['request']) => Commands[N]['response'] };
type Flow<N extends Named<'stream'>> = (request: Commands[N]['request'], tell: (event: Commands[N]['event']) => Promise<void>) => Promise<Commands[N]['response']>;
export type Flows = { [N in Named<'stream'>]?: Flow<N> };

/** A page that asks for what this host does not know is a test's fault, and is told so. */
function known<T>(answer: T | undefined, command: Name): T {
  if (!answer) throw new Error(`the test host does not know ${command}`);
  return answer;
}

/** What a test turns: refusals and silence by command, the pace of streams, files to pick. */
export type Knobs = { refuse: Partial<Record<Name, HostError>>; hang: Set<Name>; pace: number; file: string | null; folder: string | null; saveAs: string | null };
export type Asked = { command: Name; request: unknown };

export const refusal = (code: string, message: string, retryable = true, detail: string | null = null) => new HostError({ code, message, retryable, detail });

/** A fresh copy of everything, so that tests do not see each other's changes. */
const { cny: _, ...rows } = data;
export const freshState = () => structuredClone({ ...rows, library: libraryRows, proposals: proposalRows, databases, probes, rowsSeen, settings: { language: 'en', theme: 'light', upload_bytes_per_second: 0, upload_hours: '' }, uploads: [] as UploadRow[], source: freshSource(), keychain: { place: 'platform', key_file: '/data/user/.config/partner-console/master.key' } as { place: 'platform' | 'file' | 'session' | 'undecided'; key_file: string }, tasks: [] as TaskRow[] });
export type State = ReturnType<typeof freshState>;

function find<T>(rows: T[], test: (row: T) => boolean): T {
  const row = rows.find(test);
  if (!row) throw refusal('input_invalid', 'There is no such row.', false);
  return row;
}

function answersOf(state: State): Answers {
  const tuneOf = (id: string) => find(state.tunes, (row) => row.job_id === id);
  return {
    ...databaseAnswers(state),
    ...proposalAnswers(state),
    ...before(state.source, sourceAnswers(state.source, refusal), libraryAnswers(state.library)),
    app_info: () => ({ version: '0.1.0', platform: 'linux', locale: 'zh-CN', home: '/data/user/.local/share/partner-console', cache: '/data/user/.cache/partner-console' }),
    settings_get: () => state.settings, settings_set: (next) => (state.settings = next),
    keychain_status: () => state.keychain, keychain_choose: ({ place }) => (state.keychain = { ...state.keychain, place }),
    storage_get: () => ({ places: state.places, free_bytes: 48_213_000_000 }),
    storage_clean: ({ kind }) => { find(state.places, (row) => row.kind === kind).bytes = 0; return { places: state.places, free_bytes: 48_213_000_000 }; },
    overview_get: () => ({ datasets: state.datasets.length, models: state.models.length, deployments: state.deployments.length, tunes: state.tunes, month_cost: state.usage.synced_at ? state.usage.total : null, synced_at: state.usage.synced_at }),
    cloud_list: () => state.clouds,
    cloud_add: (r) => { const row = { id: r.name, name: r.name, kind: 'model_studio' as const, base_url: r.base_url, region: r.region, workspace: r.workspace, selected: false, bills: r.access_key_id !== null }; state.clouds.push(row); return row; },
    cloud_select: ({ id }) => { state.clouds.forEach((row) => { row.selected = row.id === id; }); return {}; },
    cloud_remove: ({ id }) => { state.clouds = state.clouds.filter((row) => row.id !== id); return {}; },
    cloud_check: ({ id }) => (id === 'embedded' ? { reachable: true, milliseconds: 4, capabilities: ['weights-download'] } : { reachable: false, milliseconds: 0, capabilities: [] }),
    dataset_list: () => state.datasets, dataset_delete: ({ id }) => { state.datasets = state.datasets.filter((row) => row.id !== id); return {}; }, upload_list: () => state.uploads, upload_discard: ({ upload_id }) => { state.uploads = state.uploads.filter((row) => row.upload_id !== upload_id); return {}; }, dataset_sample: () => ({ path: '/data/sample.jsonl' }),
    catalog_list: () => state.catalog, licence_get: ({ model }) => ({ model, title: 'Apache License 2.0', text: 'Apache License\nVersion 2.0, January 2004\n\nTERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION\n\n'.padEnd(3000, 'Licensed under the terms given above. ') }),
    licence_accept: ({ model }) => { const row = find(state.catalog, (x) => x.id === model); row.licence_accepted = true; return row; },
    tune_estimate: () => ({ rows: 168, tokens_low: 7480, tokens_high: 7910, cost_low: data.cny('0.0359'), cost_high: data.cny('0.03797'), seconds_low: 410, seconds_high: 560, reasons: ['Tokens were counted with the model’s own tokenizer on a tenth of the rows.', 'The last training on this machine ran at 84 to 96 tokens a second.'] }),
    tune_start: (r) => { const row = { ...find(state.tunes, () => true), job_id: 'ft-new', name: r.name ?? '', model: r.model, status: 'PENDING' as const, dataset_ids: r.dataset_ids, training_type: r.training_type, hyper_parameters: r.hyper_parameters, step: 0, total_steps: 0, loss: null, tokens: 0, tokens_per_second: null, eta_seconds: null, output_model: null, ended_at: null }; state.tunes.unshift(row); return row; },
    tune_list: () => state.tunes, tune_get: ({ job_id }) => tuneOf(job_id), tune_metrics: ({ job_id }) => ({ metrics: tuneOf(job_id).step > 0 ? state.metrics : [] }),
    tune_logs: () => ({ total: 4, lines: ['09:12:04 loading gemma-3-270m', '09:12:11 168 rows, 7,688 tokens an epoch', '09:12:13 step 1 loss 3.4500', '09:14:40 step 47 loss 0.8312'] }),
    tune_cancel: ({ job_id }) => Object.assign(tuneOf(job_id), { status: 'CANCELED' as const, ended_at: data.NOW, eta_seconds: null }),
    tune_delete: ({ job_id }) => { state.tunes = state.tunes.filter((row) => row.job_id !== job_id); return {}; },
    model_list: () => state.models, model_delete: ({ model }) => { state.models = state.models.filter((row) => row.model !== model); return {}; },
    deployment_list: () => state.deployments,
    deployment_create: (r) => { const row = { deployed_model: `${r.model_name}-d2`, name: r.name, model_name: r.model_name, base_model: 'gemma-3-270m', status: 'PENDING', plan: r.plan, created_at: data.NOW, native_url: 'http://127.0.0.1:41873/api/v1', openai_url: 'http://127.0.0.1:41873/compatible-mode/v1' }; state.deployments.push(row); return row; },
    deployment_delete: ({ deployed_model }) => { state.deployments = state.deployments.filter((row) => row.deployed_model !== deployed_model); return {}; },
    deployment_key: () => ({ api_key: 'sk-local-5d41402abc4b2a76b9719d911017c592' }),
    usage_sync: () => { state.usage.synced_at = data.NOW; return { lines: state.usage.lines.length, synced_at: data.NOW }; },
    usage_get: ({ month }) => (month === null || month === state.usage.month ? state.usage : { ...state.usage, month, total: data.cny('0'), training: data.cny('0'), inference: data.cny('0'), hosting: data.cny('0'), training_tokens: 0, input_tokens: 0, output_tokens: 0, days: [], lines: [] }),
    task_list: () => state.tasks, task_cancel: ({ id }) => { state.tasks = state.tasks.filter((task) => task.id !== id); return {}; },
  };
}

/** A stream of equal parts in one unit. */
async function parts(tell: (event: { stage: string; done: number; total: number; unit: string }) => Promise<void>, stage: string, total: number, unit: string): Promise<void> {
  for (let part = 1; part <= 5; part += 1) await tell({ stage, done: Math.round((total * part) / 5), total, unit });
}

const says: Record<string, string> = { base: 'Breakfast is served from 7:00 to 10:00 in the restaurant on the first floor.', tuned: '早餐在二楼“听松厅”，每天 6:30 至 10:15。Breakfast is in the Pine Hall on the second floor, 6:30 to 10:15.' };

/** The streams of sources and their versions, told in equal parts. */
function ofSource(state: State): Flows {
  const flows = sourceFlows(state.source, refusal, (row) => state.datasets.unshift(row));
  const told = Object.entries(flows).map(([name, flow]) => [name, (request: never, tell: (event: TaskProgress) => Promise<void>) => flow(request, (stage, total, unit) => parts(tell, stage, total, unit))]);
  return Object.fromEntries(told) as Flows;
}

function flowsOf(state: State): Flows {
  return {
    ...databaseFlows(state),
    ...proposalFlows(state),
    ...before(state.source, ofSource(state), libraryFlows(state.library)),
    dataset_check: async ({ path }, tell) => {
      await parts(tell, 'check', 187_344, 'bytes');
      const name = path.split('/').at(-1) ?? path;
      if (name.startsWith('bad')) return { ...state.report, path, name, rows: 1300, good_rows: 886, findings: state.findings, findings_total: state.findings.length };
      return { ...state.report, path, name };
    },
    dataset_upload: async ({ path, description }, tell) => {
      await parts(tell, 'upload', 187_344, 'bytes');
      const row = { id: `file-${state.datasets.length}`, name: path.split('/').at(-1) ?? path, description: description ?? '', bytes: 187_344, md5: 'd3', rows: 168, sha256: 'ab12', created_at: data.NOW };
      state.datasets.unshift(row);
      state.uploads = state.uploads.filter((upload) => upload.path !== path);
      return row;
    },
    catalog_prepare: async ({ model }, tell) => { await parts(tell, 'download', 988_097_824, 'bytes'); const row = find(state.catalog, (x) => x.id === model); row.ready = true; return row; },
    tune_watch: async ({ job_id }, tell) => {
      const row = find(state.tunes, (x) => x.job_id === job_id);
      for (let step = row.step + 1; step <= row.step + 3; step += 1) await tell({ job: { ...row, step, eta_seconds: 300 }, metrics: [{ step, epoch: step / 20, loss: 0.8, learning_rate: 0.0005, tokens: step * 388, tokens_per_second: 95 }] });
      return new Promise(() => undefined);
    },
    model_pull: async ({ job_id }, tell) => {
      await parts(tell, 'download', 15_200_000, 'bytes');
      const job = find(state.tunes, (x) => x.job_id === job_id);
      job.pulled = true;
      const row = { model: `gemma-3-270m-${job_id.slice(-4)}`, base_model: job.model, job_id, origin: 'tuned', formats: [], created_at: data.NOW, sha256: 'c0ffee' };
      state.models.unshift(row);
      return row;
    },
    model_convert: async ({ model, quant }, tell) => { await parts(tell, 'convert', 18, 'steps'); const row = find(state.models, (x) => x.model === model); row.formats = [...row.formats, { quant, bytes: 171_200_512 }]; return row; },
    model_import: async ({ path, name }, tell) => { await parts(tell, 'import', 253_113_024, 'bytes'); const row = { model: name ?? path, base_model: 'gemma-3-270m', job_id: null, origin: 'imported', formats: [], created_at: data.NOW, sha256: null }; state.models.unshift(row); return row; },
    model_export: async (_, tell) => { await parts(tell, 'export', 171_200_512, 'bytes'); return {}; },
    chat_send: async ({ target }, tell) => {
      await tell({ kind: 'loading' });
      const text = says[target.kind === 'local' && target.model === 'gemma-3-270m' ? 'base' : 'tuned'] ?? '';
      for (const word of text.split(/(?<=\s|，|。)/)) await tell({ kind: 'text', text: word });
      return { text, finish_reason: 'stop', input_tokens: 12, output_tokens: 31, first_token_ms: 84.2, tokens_per_second: 41.7, memory_bytes: target.kind === 'local' ? 612_000_000 : null };
    },
  };
}

export function fakeHost(state: State = freshState()) {
  const knobs: Knobs = { refuse: {}, hang: new Set(), pace: 0, file: null, folder: null, saveAs: null };
  const asked: Asked[] = [];
  const copied: string[] = [];
  const answers = answersOf(state);
  const flows = flowsOf(state);
  let drop: (paths: string[]) => void = () => undefined;
  let changed: (tags: Tag[]) => void = () => undefined;
  const begin = async (command: Name, request: unknown) => {
    asked.push({ command, request });
    await Promise.resolve();
    if (knobs.hang.has(command)) await new Promise(() => undefined);
    const refused = knobs.refuse[command];
    if (refused) throw refused;
  };
  const host: Host = {
    async call(command, request, signal) { await begin(command, request); if (signal?.aborted) throw aborted(); return structuredClone((known(answers[command], command) as (request: never) => unknown)(request as never)) as never; },
    stream: (command, request, onEvent, signal) => new Promise((resolve, reject) => {
      const stop = () => reject(aborted());
      if (signal?.aborted) { stop(); return; }
      signal?.addEventListener('abort', stop, { once: true });
      const tell = async (event: never) => { await new Promise((next) => setTimeout(next, knobs.pace)); if (signal?.aborted) await new Promise(() => undefined); onEvent(event); };
      begin(command, request).then(() => (known(flows[command], command) as Flow<typeof command>)(request as never, tell as never)).then((done) => resolve(structuredClone(done) as never), reject);
    }),
    listenChanged: (onTags) => { changed = onTags; return () => undefined; },
    pickFile: async () => knobs.file, pickFolder: async () => knobs.folder, saveFile: async () => knobs.saveAs,
    onFileDrop: (onPaths) => { drop = onPaths; return () => undefined; },
    openExternal: async () => undefined, copy: async (text) => { copied.push(text); }, setLanguage: () => undefined,
  };
  return { host, state, knobs, asked, copied, drop: (...paths: string[]) => drop(paths), changed: (tags: Tag[]) => changed(tags) };
}
