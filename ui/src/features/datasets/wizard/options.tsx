/** @file What a check holds the rows against: a model's tokenizer, longest row, batch size, data that training must not know. */
import { Button, InputNumber, Select } from 'antd';
import { useCall } from '../../../api/use';
import type { CatalogRow } from '../../../api/generated/types';
import { IconSync } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { useWords } from '../../../i18n/use';
import { partKey } from './draft';
import { Field } from './fields';
import type { VersionProps } from './wizard';

type Props = VersionProps & { model: string | null; catalog: readonly CatalogRow[]; busy: boolean; checked: boolean; onCheck: () => void };

export function CheckOptions({ draft, update, dataset, model, catalog, busy, checked, onCheck }: Props) {
  const { t } = useWords();
  const library = useCall('library_list', {});
  const others = (library.data ?? []).filter((row) => row.id !== dataset);
  const longest = catalog.find((row) => row.id === model)?.max_length ?? null;
  return <Panel title={t('wizard.against')} lead={t('wizard.againstText')} extra={<Button size="small" icon={<IconSync aria-hidden />} disabled={busy} onClick={onCheck}>{t(checked ? 'datasets.again' : 'wizard.checkNow')}</Button>}>
    <div className="fields four">
      <Field label={t('wizard.model')}>{(named) => <Select {...named} disabled={busy} value={model ?? ''} onChange={(value) => update({ model: value || null })}
        options={[{ value: '', label: t('wizard.noTokens') }, ...catalog.map((row) => ({ value: row.id, label: row.name, disabled: !row.ready }))]} />}</Field>
      <Field label={t('wizard.maxLength')}>{(named) => <InputNumber {...named} min={1} max={1_000_000} precision={0} disabled={busy || !model} placeholder={longest ? `${longest}` : t('wizard.noLimit')} value={draft.maxLength} onChange={(maxLength) => update({ maxLength })} />}</Field>
      <Field label={t('wizard.batchSize')}>{(named) => <InputNumber {...named} min={1} max={4096} precision={0} disabled={busy} placeholder={t('wizard.noLimit')} value={draft.batchSize} onChange={(batchSize) => update({ batchSize })} />}</Field>
      <Field label={t('wizard.held')}>{(named) => <Select {...named} mode="multiple" maxTagCount="responsive" disabled={busy || others.length === 0} placeholder={others.length ? t('wizard.none') : t('wizard.noOthers')} value={draft.held.map(partKey)}
        onChange={(keys) => update({ held: others.filter((row) => keys.includes(partKey(row.latest))).map(({ latest }) => ({ dataset: latest.dataset, version: latest.version })) })}
        options={others.map((row) => ({ value: partKey(row.latest), label: t('wizard.nameVersion', { name: row.name, version: row.latest.version }) }))} />}</Field>
    </div>
  </Panel>;
}
