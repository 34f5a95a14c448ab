/** @file The one launch page: choices left, sticky summary right, a button that names what is missing. */
import { useState } from 'react';
import { useCall, useChange, useStream } from '../../api/use';
import type { HyperParameters } from '../../api/generated/types';
import { Answer, Dialog, Progress, Refusal, useWords } from '../../components/basics';
import { bytes, duration, money, number } from '../../lib/format';
import { go } from '../../lib/look';

/** Measured to teach the sample well on a laptop; every one can be changed. */
const usual: HyperParameters = { n_epochs: 6, batch_size: 8, max_length: 2048, learning_rate: 6e-4, lora_rank: 16, lora_alpha: 32, lora_dropout: 0, lr_scheduler_type: 'cosine', warmup_ratio: 0.05, weight_decay: 0, seed: 42 };
const simple = ['n_epochs', 'learning_rate'] as const;
const advanced = ['batch_size', 'max_length', 'lora_rank', 'lora_alpha', 'lora_dropout', 'warmup_ratio', 'weight_decay', 'seed'] as const;

export function Launch() {
  const { t, lang } = useWords();
  const catalog = useCall('catalog_list', {});
  const datasets = useCall('dataset_list', {});
  const start = useChange('tune_start');
  const accept = useChange('licence_accept');
  const prepare = useStream('catalog_prepare');
  const [choice, setModel] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string[]>([]);
  const [name, setName] = useState('');
  const [hyper, setHyper] = useState(usual);
  const [reading, setReading] = useState(false);
  const model = choice ?? catalog.data?.[0]?.id ?? '';
  const base = catalog.data?.find((row) => row.id === model);
  const ids = chosen.filter((id) => datasets.data?.some((row) => row.id === id));
  const request = { model, dataset_ids: ids, name: name.trim() || null, hyper_parameters: hyper };
  const estimate = useCall('tune_estimate', { ...request, name: null }, { enabled: model !== '' && ids.length > 0 });
  const licence = useCall('licence_get', { model }, { enabled: reading });
  const missing = !base ? t('tunes.needModel') : ids.length === 0 ? t('tunes.needData') : !base.ready ? t('tunes.needReady') : null;
  const field = (key: (typeof simple)[number] | (typeof advanced)[number]) => <label key={key}>{t(`tunes.${key}`)}
    <input type="number" step="any" min={0} value={hyper[key]} onChange={(e) => { if (e.target.value !== '') setHyper({ ...hyper, [key]: Number(e.target.value) }); }} /></label>;
  const getReady = () => { if (base?.licence_accepted) void prepare.run({ model }); else setReading(true); };
  const agree = async () => { await accept.mutateAsync({ model }).catch(() => null) && (setReading(false), void prepare.run({ model })); };
  const launch = () => start.mutate(request, { onSuccess: (row) => go('finetunes', row.job_id) });
  const guess = estimate.data;
  return <div className="split"><section className="card stack"><a href="#/finetunes">{t('tunes.back')}</a>
    <Answer query={catalog}>{(rows) => <label>{t('tunes.model')}<select value={model} onChange={(e) => setModel(e.target.value)}>{rows.map((row) => <option key={row.id} value={row.id}>{`${row.name} · ${row.parameters} · ${row.licence}`}</option>)}</select></label>}</Answer>
    {base && !base.ready && !prepare.running && <div><button onClick={getReady}>{t('tunes.prepare', { size: bytes(lang, base.download_bytes) })}</button></div>}
    {prepare.running && <Progress value={prepare.event} onCancel={prepare.cancel} />}<Refusal error={prepare.error} onRetry={getReady} />
    <fieldset><legend>{t('tunes.data')}</legend><Answer query={datasets} empty={t('datasets.empty')}>{(rows) => rows.map((row) => <label key={row.id} className="inline">
      <input type="checkbox" checked={chosen.includes(row.id)} onChange={(e) => setChosen(e.target.checked ? [...chosen, row.id] : chosen.filter((id) => id !== row.id))} />{row.name}</label>)}</Answer></fieldset>
    <label>{t('tunes.name')}<input value={name} maxLength={100} onChange={(e) => setName(e.target.value)} /></label>
    <div className="grid">{simple.map(field)}</div>
    <details><summary>{t('tunes.advanced')}</summary><div className="grid">{advanced.map(field)}<label>{t('tunes.lr_scheduler_type')}<select value={hyper.lr_scheduler_type} onChange={(e) => setHyper({ ...hyper, lr_scheduler_type: e.target.value })}>
      {['cosine', 'linear', 'constant'].map((kind) => <option key={kind}>{kind}</option>)}</select></label></div></details></section>
    <aside className="card stack sticky" aria-label={t('tunes.summary')}><h2>{t('tunes.summary')}</h2><span>{base?.name ?? '–'}</span>
      <Refusal error={estimate.error} onRetry={() => void estimate.refetch()} />
      {guess && <><span>{t('tunes.rows')}: {number(lang, guess.rows)}</span><span>{t('tunes.tokens')}: {number(lang, guess.tokens_low)}–{number(lang, guess.tokens_high)}</span>
        <span>{t('tunes.cost')}: {money(lang, guess.cost_low)} – {money(lang, guess.cost_high)}</span>
        <span>{t('tunes.time')}: {guess.seconds_low === null || guess.seconds_high === null ? t('tunes.unknown') : `${duration(lang, guess.seconds_low)} – ${duration(lang, guess.seconds_high)}`}</span>
        {guess.reasons.map((reason) => <span key={reason} className="soft">{reason}</span>)}</>}
      <button className="main" disabled={missing !== null || start.isPending} onClick={launch}>{missing ?? t('tunes.launch')}</button><Refusal error={start.error} onRetry={launch} /></aside>
    {reading && <Dialog title={licence.data?.title ?? t('tunes.licence')} onClose={() => setReading(false)}><Answer query={licence}>{(text) => <><div className="scroll" tabIndex={0} role="region" aria-label={t('tunes.licence')}><pre>{text.text}</pre></div>
      <div className="row"><button className="main" onClick={() => void agree()}>{t('tunes.accept')}</button><button onClick={() => setReading(false)}>{t('act.cancel')}</button></div></>}</Answer><Refusal error={accept.error} /></Dialog>}
  </div>;
}
