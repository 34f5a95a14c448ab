/** @file What the test host knows: believable rows of a hotel's first week. Tests only. */
import type * as T from '../api/generated/types';

export const NOW = '2026-11-25T09:30:00Z';
export const cny = (amount: string): T.Money => ({ amount, currency: 'CNY' });
export const hyper: T.HyperParameters = { n_epochs: 6, batch_size: 8, max_length: 2048, learning_rate: 0.0006, lora_rank: 16, lora_alpha: 32, lora_dropout: 0, lr_scheduler_type: 'cosine', warmup_ratio: 0.05, weight_decay: 0, seed: 42 };

const tune = (part: Partial<T.TuneRow> & { job_id: string }): T.TuneRow => ({
  name: '', model: 'gemma-3-270m', status: 'SUCCEEDED', dataset_ids: ['file-5f2c9a1e7b'], training_type: 'efficient_sft', hyper_parameters: hyper, output_model: null, tokens: 46128, step: 120, total_steps: 120, loss: 0.2143, tokens_per_second: 96.4,
  eta_seconds: null, created_at: '2026-11-24T02:10:00Z', ended_at: '2026-11-24T02:18:21Z', reason: null, pulled: false, ...part,
});

export const tunes: T.TuneRow[] = [
  tune({ job_id: 'ft-202611250912-a1b2', name: '酒店客服 v3', status: 'RUNNING', step: 47, loss: 0.8312, tokens: 18240, eta_seconds: 312, ended_at: null, created_at: '2026-11-25T09:12:00Z' }),
  tune({ job_id: 'ft-202611250920-c3d4', name: 'concierge-en', status: 'QUEUING', step: 0, total_steps: 0, loss: null, tokens: 0, tokens_per_second: null, ended_at: null, created_at: '2026-11-25T09:20:00Z' }),
  tune({ job_id: 'ft-202611241655-e5f6', name: '酒店客服 v2', output_model: 'gemma-3-270m-ft-202611241655-e5f6', created_at: '2026-11-24T16:55:00Z', ended_at: '2026-11-24T17:03:40Z' }),
  tune({ job_id: 'ft-202611240210-0789', name: '酒店客服 v1', output_model: 'gemma-3-270m-ft-202611240210-0789', pulled: true }),
  tune({ job_id: 'ft-202611230801-9abc', name: 'long rows', status: 'FAILED', step: 31, loss: 9.4, reason: 'The loss is no longer a number at step 31. Lower the learning rate and start again.', created_at: '2026-11-23T08:01:00Z', ended_at: '2026-11-23T08:04:12Z' }),
];

export const metrics: T.TuneMetric[] = Array.from({ length: 47 }, (_, i) => ({
  step: i + 1, epoch: (i + 1) / 20, loss: 0.55 + 2.9 * Math.exp(-i / 13) + 0.16 * Math.sin(i * 2.3), learning_rate: 0.0006 * (i < 6 ? (i + 1) / 6 : 0.5 * (1 + Math.cos((Math.PI * (i - 6)) / 114))), tokens: (i + 1) * 388, tokens_per_second: 94 + 6 * Math.sin(i / 3),
}));

export const datasets: T.DatasetRow[] = [
  { id: 'file-5f2c9a1e7b', name: 'hotel-customer-service.jsonl', description: '云栖湖畔酒店，客服对话，中英文', bytes: 187_344, md5: '9e107d9d372bb6826bd81d3542a419d6', rows: 168, sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', created_at: '2026-11-24T01:52:00Z' },
  { id: 'file-88aa01cd34', name: 'concierge-english-only.jsonl', description: '', bytes: 91_250, md5: 'e4d909c290d0fb1ca068ffaddf22cbd0', rows: null, sha256: null, created_at: '2026-11-22T07:15:00Z' },
];

export const findings: T.Finding[] = Array.from({ length: 1240 }, (_, i) => (i % 3 === 0
  ? { code: 'role_order_wrong', severity: 'error', line: i + 2, at: 'messages[1].role', message: 'A user message must be followed by an assistant message.' }
  : { code: 'answer_very_long', severity: 'warning', line: i + 2, at: 'messages[2].content', message: 'This answer has 4,310 characters; answers beyond 4,000 are rarely learned well.' } as T.Finding));

export const report: T.DatasetReport = {
  path: '/data/hotel.jsonl', name: 'hotel.jsonl', bytes: 187_344, sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', rows: 168, good_rows: 168, messages: 504, characters: 41_927, findings: [], findings_total: 0,
  sample: [
    { line: 1, messages: [{ role: 'system', content: '你是云栖湖畔酒店的客服。' }, { role: 'user', content: '早餐几点开始？' }, { role: 'assistant', content: '早餐在二楼“听松厅”，每天 6:30 至 10:15。' }] },
    { line: 2, messages: [{ role: 'user', content: 'How much is late check-out?' }, { role: 'assistant', content: 'Late check-out until 16:00 costs CNY 168; please tell the desk before 11:00.' }] },
  ],
};

export const catalog: T.CatalogRow[] = [
  { id: 'gemma-3-270m', name: 'Gemma 3 270M', family: 'Gemma 3', parameters: '270M', licence: 'Gemma', download_bytes: 253_113_024, ready: true, licence_accepted: true, max_length: 2048, training_price: cny('0.8') },
  { id: 'qwen2.5-0.5b-instruct', name: 'Qwen2.5 0.5B Instruct', family: 'Qwen2.5', parameters: '0.5B', licence: 'Apache-2.0', download_bytes: 988_097_824, ready: false, licence_accepted: false, max_length: null, training_price: cny('1.2') },
];

export const models: T.ModelRow[] = [
  { model: 'gemma-3-270m-ft-0789', base_model: 'gemma-3-270m', job_id: 'ft-202611240210-0789', origin: 'tuned', formats: [{ quant: 'int4', bytes: 171_200_512 }, { quant: 'f32', bytes: 1_072_443_392 }], created_at: '2026-11-24T02:25:00Z', sha256: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9' },
  { model: 'gemma-3-270m', base_model: 'gemma-3-270m', job_id: null, origin: 'base', formats: [{ quant: 'int4', bytes: 171_200_512 }], created_at: '2026-11-23T06:00:00Z', sha256: null },
  { model: 'shop-guide-q4', base_model: 'qwen2.5-0.5b-instruct', job_id: null, origin: 'imported', formats: [], created_at: '2026-11-21T11:42:00Z', sha256: 'baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096' },
];

export const deployments: T.DeploymentRow[] = [
  { deployed_model: 'gemma-3-270m-ft-0789-d41c', name: '前台问答', model_name: 'gemma-3-270m-ft-202611240210-0789', base_model: 'gemma-3-270m', status: 'RUNNING', plan: 'lora', created_at: '2026-11-24T03:00:00Z', native_url: 'http://127.0.0.1:41873/api/v1/services/aigc/text-generation/generation', openai_url: 'http://127.0.0.1:41873/compatible-mode/v1' },
];

const dayCost = (i: number) => ({ training: i % 3 === 0 ? `0.0${(i * 37) % 90 + 10}4` : '0', inference: `0.00${(i * 53) % 80 + 10}`, hosting: i > 12 ? '0.48' : '0' });
export const days: T.UsageDay[] = Array.from({ length: 24 }, (_, i) => ({ date: `2026-11-${String(i + 1).padStart(2, '0')}`, training: cny(dayCost(i).training), inference: cny(dayCost(i).inference), hosting: cny(dayCost(i).hosting) }));
export const lines: T.BillLine[] = days.flatMap((entry) => [
  { date: entry.date, kind: 'inference', model: 'gemma-3-270m-ft-0789-d41c', item: 'input_token', quantity: '18234', unit: 'token', unit_price: cny('0.0000003'), cost: cny('0.0054702') },
  { date: entry.date, kind: 'inference', model: 'gemma-3-270m-ft-0789-d41c', item: 'output_token', quantity: '5120', unit: 'token', unit_price: cny('0.0000012'), cost: cny('0.006144') },
  ...(entry.training.amount === '0' ? [] : [{ date: entry.date, kind: 'training', model: 'gemma-3-270m', item: 'training_token', quantity: '46128', unit: 'token', unit_price: cny('0.0000008'), cost: entry.training }]),
  ...(entry.hosting.amount === '0' ? [] : [{ date: entry.date, kind: 'hosting', model: 'gemma-3-270m-ft-0789-d41c', item: 'model_unit_hour', quantity: '24', unit: 'hour', unit_price: cny('0.02'), cost: entry.hosting }]),
]);
export const usage: T.UsageMonth = { month: '2026-11', total: cny('5.9634702'), training: cny('0.3836'), inference: cny('0.2987702'), hosting: cny('5.28'), training_tokens: 369_024, input_tokens: 437_616, output_tokens: 122_880, balance: cny('1284.50'), days, lines, synced_at: '2026-11-25T09:05:00Z' };

export const clouds: T.CloudRow[] = [
  { id: 'embedded', name: '内置云', kind: 'embedded', base_url: 'http://127.0.0.1:41873', region: null, workspace: null, selected: true, bills: true },
  { id: 'beijing', name: '百炼 北京', kind: 'model_studio', base_url: 'https://dashscope.aliyuncs.com', region: 'cn-beijing', workspace: 'llm-9k2', selected: false, bills: false },
];

export const places: T.StoragePlace[] = [
  { kind: 'datasets', path: '/data/user/.local/share/partner-console/datasets', bytes: 278_594, disposable: false }, { kind: 'models', path: '/data/user/.local/share/partner-console/models', bytes: 1_414_844_416, disposable: false },
  { kind: 'checkpoints', path: '/data/user/.local/share/partner-console/checkpoints', bytes: 88_400_120, disposable: true }, { kind: 'base_models', path: '/data/user/.cache/partner-console/models', bytes: 253_113_024, disposable: true },
  { kind: 'runtime', path: '/data/user/.cache/partner-console/runtime', bytes: 23_400_000, disposable: true }, { kind: 'database', path: '/data/user/.local/share/partner-console/console.db', bytes: 1_310_720, disposable: false }, { kind: 'logs', path: '/data/user/.local/share/partner-console/logs', bytes: 420_120, disposable: true },
];
