/** @file The training settings: two that matter to everybody, the rest one click away. */
import { Collapse, InputNumber, Select } from 'antd';
import type { HyperParameters, TrainingType } from '../../api/generated/types';
import { useWords } from '../../i18n/use';

/** Measured to teach the sample well on a laptop; every one can be changed. */
export const usual: HyperParameters = { n_epochs: 6, batch_size: 8, max_length: 2048, learning_rate: 6e-4, lora_rank: 16, lora_alpha: 32, lora_dropout: 0, lr_scheduler_type: 'cosine', warmup_ratio: 0.05, weight_decay: 0, seed: 42 };

/** The usual one first. */
export const kinds: TrainingType[] = ['efficient_sft', 'sft', 'cpt', 'dpo_lora', 'dpo_full'];
export const isLowRank = (kind: TrainingType) => kind === 'efficient_sft' || kind === 'dpo_lora';
/** Every weight is moved by a tenth of what an adapter is. */
const usualWhole: HyperParameters = { ...usual, learning_rate: 6e-5 };
export const usualFor = (kind: TrainingType) => (isLowRank(kind) ? usual : usualWhole);

type Key = Exclude<keyof HyperParameters, 'lr_scheduler_type'>;
/** Smallest, largest, step. */
const limits: Record<Key, [number, number, number]> = {
  n_epochs: [1, 100, 1], learning_rate: [0.000001, 1, 0.00001], batch_size: [1, 512, 1], max_length: [16, 131072, 128], lora_rank: [1, 256, 8], lora_alpha: [1, 1024, 8],
  lora_dropout: [0, 0.9, 0.05], warmup_ratio: [0, 0.9, 0.01], weight_decay: [0, 1, 0.01], seed: [0, 4294967295, 1],
};
const simple: Key[] = ['n_epochs', 'learning_rate'];
const advanced: Key[] = ['batch_size', 'max_length', 'lora_rank', 'lora_alpha', 'lora_dropout', 'warmup_ratio', 'weight_decay', 'seed'];
const ofAdapters: Key[] = ['lora_rank', 'lora_alpha', 'lora_dropout'];
const schedules = ['cosine', 'linear', 'constant'] as const;
type Hinted = 'n_epochs' | 'learning_rate' | 'max_length' | 'batch_size';
const hinted: readonly string[] = ['n_epochs', 'learning_rate', 'max_length', 'batch_size'] satisfies Hinted[];

export function Hyper({ value, lowRank, longest, onChange }: { value: HyperParameters; lowRank: boolean; longest: number | null; onChange: (value: HyperParameters) => void }) {
  const { t } = useWords();
  const field = (key: Key) => {
    const [min, usually, step] = limits[key];
    const max = key === 'max_length' && longest !== null ? longest : usually;
    return <label key={key} className="field"><span>{t(`tunes.hyper.${key}`)}</span>
      <InputNumber<number> min={min} max={max} step={step} precision={Number.isInteger(step) ? 0 : undefined} value={value[key]} changeOnWheel={false} onChange={(next) => { if (next !== null) onChange({ ...value, [key]: next }); }} />
      {hinted.includes(key) && <small className="soft">{t(`tunes.hint.${key as Hinted}`)}</small>}</label>;
  };
  return <>
    <div className="fields">{simple.map(field)}</div>
    <Collapse ghost className="flush-collapse" items={[{ key: 'more', label: t('tunes.advanced'), children: <div className="fields">{advanced.filter((key) => lowRank || !ofAdapters.includes(key)).map(field)}
      <div className="field"><span>{t('tunes.hyper.lr_scheduler_type')}</span><Select aria-label={t('tunes.hyper.lr_scheduler_type')} value={value.lr_scheduler_type} onChange={(kind) => onChange({ ...value, lr_scheduler_type: kind })}
        options={schedules.map((kind) => ({ value: kind, label: t(`tunes.schedule.${kind}`) }))} /></div></div> }]} />
  </>;
}
