/** @file The base models to choose from: size, licence, price, whether they are on this computer, and getting them here. */
import { Button, Radio, Tag } from 'antd';
import type { CatalogRow, TaskProgress } from '../../api/generated/types';
import { IconDownload, IconGood } from '../../components/icons';
import { Answer, Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { bytes, money } from '../../lib/format';

type Asked = { data?: CatalogRow[]; error: Error | null; isPending: boolean; refetch: () => unknown };
type Prepare = { running: boolean; event: TaskProgress | null; error: Error | null; cancel: () => void };
type Props = { query: Asked; value: string; onChange: (id: string) => void; onPrepare: (id: string) => void; onRead: (id: string) => void; prepare: Prepare };

export function Bases({ query, value, onChange, onPrepare, onRead, prepare }: Props) {
  const { t, lang } = useWords();
  const chosen = query.data?.find((row) => row.id === value);
  return <Answer query={query} rows={3}>{(rows) => <div className="stack">
    <Radio.Group className="choices" aria-label={t('tunes.model')} value={value} onChange={(event) => onChange(event.target.value)}>
      {rows.map((row) => <Radio key={row.id} value={row.id} disabled={prepare.running}><Base row={row} /></Radio>)}
    </Radio.Group>
    {prepare.running && <TaskBar value={prepare.event} title={t('tunes.preparing')} onCancel={prepare.cancel} />}
    <Refusal error={prepare.error} onRetry={() => onPrepare(value)} />
    {chosen && !prepare.running && <div className="row">
      {!chosen.ready && <Button icon={<IconDownload aria-hidden />} onClick={() => onPrepare(chosen.id)}>{t('tunes.prepare', { size: bytes(lang, chosen.download_bytes) })}</Button>}
      {chosen.licence && <Button type="link" className="flush" onClick={() => onRead(chosen.id)}>{t('tunes.readLicence')}</Button>}
    </div>}
  </div>}</Answer>;
}

function Base({ row }: { row: CatalogRow }) {
  const { t, lang } = useWords();
  const facts = [row.family, row.parameters && t('tunes.parameters', { n: row.parameters }), row.licence, row.ready ? null : t('tunes.size', { size: bytes(lang, row.download_bytes) }), row.training_price && t('tunes.priceMillion', { price: money(lang, row.training_price) })];
  return <><span className="base-name"><b>{row.name}</b>{row.ready ? <Tag color="success" icon={<IconGood aria-hidden />}>{t('tunes.ready')}</Tag> : <Tag>{t('tunes.notReady')}</Tag>}</span>
    <span className="soft">{facts.filter(Boolean).join(' · ')}</span></>;
}
