/** @file Every page over the test host, to look at without Rust: `npm run showcase`, then serve `dist-showcase`.
 * `?lang=zh-CN&theme=dark&state=empty|slow|broken|keychain|uploads|unchecked|wizards` choose what is seen. Never part of the shipped bundle.
 */
import { start } from '../app/start';
import i18n, { langOf } from '../i18n';
import { fakeHost, freshState, refusal } from './fake';
import { leftWizards } from './source';

const wanted = new URLSearchParams(location.search);
const state = freshState();
state.settings = { ...state.settings, language: wanted.get('lang') ?? 'en', theme: wanted.get('theme') ?? 'light' };
const kind = wanted.get('state');
if (kind === 'empty') Object.assign(state, { tunes: [], datasets: [], models: [], deployments: [], usage: { ...state.usage, lines: [], days: [], synced_at: null, balance: null } });
if (kind === 'keychain') state.keychain.place = 'undecided';
if (kind === 'uploads') state.uploads = [{ upload_id: 'u-1', name: 'hotel-2026.jsonl', path: '/data/user/exports/hotel-2026.jsonl', kind: 'sft', description: '', bytes: 4_213_000_000, arrived: 1_870_000_000, begun_at: '2026-11-24T22:04:00Z' }];
if (kind === 'tasks') state.tasks = [{ id: '1', command: 'model_pull', subject: '酒店客服 v2', progress: { stage: 'download', done: 8_400_000, total: 15_200_000, unit: 'bytes' }, started_at: '2026-11-25T09:20:00Z' }];
if (kind === 'wizards') leftWizards(state.source);
const fake = fakeHost(state);
fake.knobs.pace = Number(wanted.get('pace') ?? 40);
fake.knobs.file = wanted.get('file') ?? '/data/bad-rows.jsonl';
fake.knobs.saveAs = '/data/user/export/hotel.jsonl';
fake.knobs.folder = '/data/user/export';
if (kind === 'unchecked') state.library.checkedVersions = [];
if (kind === 'slow') for (const command of ['library_get', 'version_rows', 'overview_get', 'dataset_list', 'tune_list', 'model_list', 'usage_get', 'catalog_list'] as const) fake.knobs.hang.add(command);
if (kind === 'broken') for (const command of ['version_rows', 'version_report', 'overview_get', 'dataset_list', 'tune_list', 'model_list', 'usage_get', 'catalog_list'] as const) fake.knobs.refuse[command] = refusal('network_unreachable', 'dashscope.aliyuncs.com cannot be reached. Check the network and the proxy settings.', true, 'connect timeout after 10 s');
await i18n.changeLanguage(langOf(state.settings.language));
start(fake.host);
