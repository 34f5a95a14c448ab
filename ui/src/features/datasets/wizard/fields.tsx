/** @file Fields of the mapping editor: a column, or a template of columns and words. */
import { Input, Select } from 'antd';
import { useId, useState, type ReactNode } from 'react';
import { useWords } from '../../../i18n/use';
import { columnOf, templateOf } from './source/recipe';

/** A field's label, hint and control; the control takes what names it. */
export function Field({ label, hint, children }: { label: string; hint?: string; children: (label: { 'aria-labelledby': string; 'aria-describedby': string | undefined }) => ReactNode }) {
  const id = useId();
  return <div className="field"><span id={id}>{label}</span>{children({ 'aria-labelledby': id, 'aria-describedby': hint ? `${id}-hint` : undefined })}{hint && <small id={`${id}-hint`} className="soft">{hint}</small>}</div>;
}

type ColumnProps = { label: string; hint?: string; columns: readonly string[]; value: string | null; optional?: boolean; onChange: (column: string | null) => void };

export function ColumnField({ label, hint, columns, value, optional, onChange }: ColumnProps) {
  const { t } = useWords();
  const options = [...(optional ? [{ value: '', label: t('wizard.none') }] : []), ...columns.map((name) => ({ value: name, label: name }))];
  const gone = value && !columns.includes(value);
  return <Field label={label} hint={hint}>{(named) => <Select {...named} showSearch value={value ?? ''} status={gone ? 'error' : undefined} onChange={(name) => onChange(name || null)} options={options} />}</Field>;
}

const OWN = '\u0000own';
type TemplateProps = { label: string; hint?: string; columns: readonly string[]; value: string; optional?: boolean; onChange: (template: string) => void };

/** One column, or a template of one's own. */
export function TemplateField({ label, hint, columns, value, optional, onChange }: TemplateProps) {
  const { t } = useWords();
  const column = columnOf(value);
  const [own, setOwn] = useState(false);
  const free = own || (value !== '' && (column === null || !columns.includes(column)));
  const options = [...(optional ? [{ value: '', label: t('wizard.none') }] : []), ...columns.map((name) => ({ value: name, label: name })), { value: OWN, label: t('wizard.ownTemplate') }];
  const pick = (picked: string) => {
    setOwn(picked === OWN);
    if (picked !== OWN) onChange(picked === '' ? '' : templateOf(picked));
  };
  return <Field label={label} hint={free ? t('wizard.templateText') : hint}>{(named) => <>
    <Select {...named} showSearch value={free ? OWN : column ?? ''} onChange={pick} options={options} />
    {free && <Input.TextArea aria-label={t('wizard.templateOf', { field: label })} autoSize={{ minRows: 2, maxRows: 8 }} value={value} onChange={(event) => onChange(event.target.value)} />}
  </>}</Field>;
}
