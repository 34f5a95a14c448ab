/** @file What a whole check needs to know: whose tokenizer counts, how long a row may be, what training must not know. */
import { Button, InputNumber, Modal, Select } from 'antd';
import { useState } from 'react';
import { useCall } from '../../../api/use';
import type { VersionCheck, VersionId, VersionRow } from '../../../api/generated/types';
import { IconGood } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import type { Work } from './work';

/** Vocabularies that are part of the program, by the beginning of a model's name. */
const families = [{ value: 'qwen3', label: 'Qwen3' }, { value: 'qwen2.5', label: 'Qwen2.5' }];

type Choice = { model?: string; max_length?: number; batch_size?: number; held: VersionId[] };
const asText = ({ dataset, version }: VersionId) => `${version}@${dataset}`;
const asVersion = (text: string): VersionId => ({ version: Number(text.slice(0, text.indexOf('@'))), dataset: text.slice(text.indexOf('@') + 1) });

/** Newest versions of other data sets, to keep this one apart from. */
export function Held({ dataset, value, onChange }: { dataset: string; value: VersionId[]; onChange: (held: VersionId[]) => void }) {
  const { t } = useWords();
  const library = useCall('library_list', {});
  const options = (library.data ?? []).filter((one) => one.id !== dataset).map((one) => ({ value: asText({ dataset: one.id, version: one.latest.version }), label: `${one.name} · ${t('detail.version', { version: one.latest.version })}` }));
  return <label className="field"><span>{t('detail.held')}</span>
    <Select mode="multiple" allowClear aria-label={t('detail.held')} value={value.map(asText)} options={options} optionFilterProp="label" placeholder={t('detail.heldNone')} notFoundContent={t('detail.heldEmpty')} onChange={(held) => onChange(held.map(asVersion))} />
    <span className="soft small">{t('detail.heldText')}</span><Refusal error={library.error} onRetry={() => void library.refetch()} /></label>;
}

function Fields({ dataset, value, onChange }: { dataset: string; value: Choice; onChange: (value: Choice) => void }) {
  const { t } = useWords();
  const catalog = useCall('catalog_list', {});
  const bases = (catalog.data ?? []).filter((row) => row.ready || row.id.startsWith('qwen'));
  const models = [...bases.map((row) => ({ value: row.id, label: row.name })), ...families.filter((family) => !bases.some((row) => row.id === family.value))];
  const set = (part: Partial<Choice>) => onChange({ ...value, ...part });
  return <div className="stack">
    <label className="field"><span>{t('detail.tokenizer')}</span><Select allowClear aria-label={t('detail.tokenizer')} value={value.model} placeholder={t('detail.noTokens')} options={models} onChange={(model) => set({ model, ...(model ? {} : { max_length: undefined }) })} />
      <span className="soft small">{t('detail.tokenizerText')}</span></label>
    <div className="fields">
      <label className="field"><span>{t('tunes.hyper.max_length')}</span><InputNumber aria-label={t('tunes.hyper.max_length')} min={1} max={1_000_000} precision={0} disabled={!value.model} value={value.max_length ?? null} onChange={(n) => set({ max_length: n ?? undefined })} /><span className="soft small">{t('detail.maxLengthText')}</span></label>
      <label className="field"><span>{t('tunes.hyper.batch_size')}</span><InputNumber aria-label={t('tunes.hyper.batch_size')} min={1} max={1024} precision={0} value={value.batch_size ?? null} onChange={(n) => set({ batch_size: n ?? undefined })} /><span className="soft small">{t('detail.batchText')}</span></label>
    </div>
    <Held dataset={dataset} value={value.held} onChange={(held) => set({ held })} />
  </div>;
}

function useCheckForm(row: VersionRow, work: Work) {
  const [value, setValue] = useState<Choice>({ held: [] });
  const start = () => {
    const request: VersionCheck = { dataset: row.dataset, version: row.version, held: value.held };
    if (value.model) request.model = value.model;
    if (value.max_length) request.max_length = value.max_length;
    if (value.batch_size) request.batch_size = value.batch_size;
    void work.check.run(request);
  };
  return { fields: <Fields dataset={row.dataset} value={value} onChange={setValue} />, start };
}

export function CheckForm({ row, work }: { row: VersionRow; work: Work }) {
  const { t } = useWords();
  const { fields, start } = useCheckForm(row, work);
  return <div className="stack check-form">{fields}<div className="row end"><Button type="primary" icon={<IconGood aria-hidden />} disabled={work.busy} onClick={start}>{t('detail.startCheck')}</Button></div></div>;
}

export function CheckDialog({ row, work, onClose, onStart }: { row: VersionRow; work: Work; onClose: () => void; onStart?: () => void }) {
  const { t } = useWords();
  const { fields, start } = useCheckForm(row, work);
  return <Modal open centered width={560} title={t('detail.checkTitle', { version: row.version })} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={work.busy} onClick={() => { start(); onClose(); onStart?.(); }}>{t('detail.startCheck')}</Button></>}>
    <div className="stack"><p className="soft">{t('detail.checkText')}</p>{fields}</div>
  </Modal>;
}
