/** @file How a source is read: what was found out, correctable; and its first records. */
import { Select, Tag } from 'antd';
import type { SourceReading, SourceSeen } from '../../../../api/generated/types';
import { Grid } from '../../../../components/grid';
import { useWords } from '../../../../i18n/use';
import { bytes, number } from '../../../../lib/format';

/** What Chinese and Western programs write; the program takes further names, these are offered. */
const encodings = ['UTF-8', 'GB18030', 'GBK', 'Big5', 'UTF-16LE', 'UTF-16BE', 'Shift_JIS', 'EUC-KR', 'windows-1252'];
const delimiters = [',', '\t', ';', '|'];

type Props = { seen: SourceSeen; reading: SourceReading; onReading: (reading: SourceReading) => void };

export function Reading({ seen, reading, onReading }: Props) {
  const { t, lang } = useWords();
  const set = (part: SourceReading) => onReading({ ...reading, ...part });
  const named = (delimiter: string) => ({ ',': t('wizard.comma'), '\t': t('wizard.tab'), ';': t('wizard.semicolon'), '|': t('wizard.bar') })[delimiter] ?? delimiter;
  const offered = (known: string[], now: string | null) => (now && !known.some((one) => one.toLowerCase() === now.toLowerCase()) ? [now, ...known] : known);
  const same = (now: string) => encodings.find((one) => one.toLowerCase() === now.toLowerCase()) ?? now;
  return <div className="stack">
    <div className="row facts-row"><Tag>{seen.format.toUpperCase()}</Tag><span>{bytes(lang, seen.bytes)}</span>
      {seen.files.length > 1 && <details className="files"><summary>{t('wizard.files', { count: seen.files.length })}</summary><ul>{seen.files.slice(0, 200).map((file) => <li key={file}><code className="break">{file}</code></li>)}</ul></details>}
      <code className="soft break">{seen.path}</code></div>
    <div className="row readings">
      {seen.encoding !== null && <label className="inline-field"><span>{t('wizard.encoding')}</span><Select className="reading-choice" aria-label={t('wizard.encoding')} showSearch value={same(seen.encoding)} onChange={(encoding) => set({ encoding })} options={offered(encodings, seen.encoding).map((value) => ({ value, label: value }))} /></label>}
      {seen.delimiter !== null && <label className="inline-field"><span>{t('wizard.delimiter')}</span><Select className="reading-choice" aria-label={t('wizard.delimiter')} value={seen.delimiter} onChange={(delimiter) => set({ delimiter })} options={offered(delimiters, seen.delimiter).map((value) => ({ value, label: named(value) }))} /></label>}
      {seen.sheets.length > 0 && <label className="inline-field"><span>{t('wizard.sheet')}</span><Select className="reading-choice" aria-label={t('wizard.sheet')} value={reading.sheet ?? seen.sheets[0]} onChange={(sheet) => set({ sheet })} options={seen.sheets.map((value) => ({ value, label: value }))} /></label>}
      {seen.header !== null && <label className="inline-field"><span>{t('wizard.header')}</span><Select className="reading-choice" aria-label={t('wizard.header')} value={seen.header ? 'names' : 'values'} onChange={(value) => set({ header: value === 'names' })} options={[{ value: 'names', label: t('wizard.headerNames') }, { value: 'values', label: t('wizard.headerValues') }]} /></label>}
    </div>
    {seen.skipped.length > 0 && <details><summary className="warn">{t('wizard.passedOver', { count: seen.skipped.length, n: number(lang, seen.skipped.length) })}</summary><ul className="bullets">{seen.skipped.map((sentence, index) => <li key={index}>{sentence}</li>)}</ul></details>}
  </div>;
}

const SHOWN = 8;

/** The first records, a column each. */
export function Records({ seen }: { seen: SourceSeen }) {
  const { t } = useWords();
  const columns = [
    { title: t('wizard.row'), key: 'at', width: 64, className: 'num soft', render: (_: unknown, record: (typeof seen.records)[number]) => record.at },
    ...seen.columns.map((name, index) => ({ title: name || t('wizard.unnamed'), key: `${index}`, width: 190, render: (_: unknown, record: (typeof seen.records)[number]) => (record.values[index] ? <span className="clamp">{record.values[index]}</span> : <span className="soft">–</span>) })),
  ];
  return <Grid label={t('wizard.records')} rows={seen.records.slice(0, SHOWN)} columns={columns} rowKey="at" />;
}
