/** @file Which datasets to train on. */
import { Button, Checkbox } from 'antd';
import type { DatasetRow } from '../../api/generated/types';
import { Answer, Nothing } from '../../components/state';
import { useWords } from '../../i18n/use';
import { bytes, moment, number } from '../../lib/format';
import { go } from '../../lib/look';

type Asked = { data?: DatasetRow[]; error: Error | null; isPending: boolean; refetch: () => unknown };

export function DataChoice({ query, value, onChange }: { query: Asked; value: string[]; onChange: (ids: string[]) => void }) {
  const { t, lang } = useWords();
  const facts = (row: DatasetRow) => [row.rows !== null && t('progress.rows', { n: number(lang, row.rows) }), bytes(lang, row.bytes), moment(lang, row.created_at)].filter(Boolean).join(' · ');
  return <Answer query={query} rows={3} empty={<Nothing title={t('tunes.noData')}><Button onClick={() => go('datasets')}>{t('tunes.addData')}</Button></Nothing>}>{(rows) => (
    <Checkbox.Group className="choices scroll-choices" aria-label={t('tunes.data')} value={value} onChange={onChange}>
      {rows.map((row) => <Checkbox key={row.id} value={row.id}><b className="break">{row.name}</b><span className="soft">{facts(row)}</span></Checkbox>)}
    </Checkbox.Group>)}</Answer>;
}
