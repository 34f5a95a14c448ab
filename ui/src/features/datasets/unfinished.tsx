/** @file Uploads that were begun and not ended: go on with one, or throw away what arrived of it. */
import { Button } from 'antd';
import { useCall, useChange } from '../../api/use';
import type { UploadRow } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { IconDelete, IconUpload } from '../../components/icons';
import { Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { bytes, moment } from '../../lib/format';

export function Unfinished({ busy, onContinue }: { busy: boolean; onContinue: (upload: UploadRow) => void }) {
  const { t, lang } = useWords();
  const { data } = useCall('upload_list', {});
  const discard = useChange('upload_discard');
  if (busy || !data || data.length === 0) return null;
  return <Panel title={t('datasets.unfinished')}>
    <Refusal error={discard.error} onRetry={() => discard.variables && discard.mutate(discard.variables)} />
    <ul className="stack">{data.map((row) => <li key={row.upload_id} className="row between">
      <div className="cell-two"><b className="break">{row.name}</b>
        <span className="soft">{t('datasets.arrived', { done: bytes(lang, row.arrived), total: bytes(lang, row.bytes), begun: moment(lang, row.begun_at) })}</span><span className="soft break">{row.path}</span></div>
      <div className="row"><Button size="small" type="primary" icon={<IconUpload aria-hidden />} onClick={() => onContinue(row)}>{t('datasets.goOn')}</Button>
        <Confirmed size="small" icon={<IconDelete aria-hidden />} label={t('datasets.discard')} aria-label={`${t('datasets.discard')} ${row.name}`} loading={discard.isPending && discard.variables.upload_id === row.upload_id}
          title={t('datasets.discardTitle', { name: row.name })} text={t('datasets.discardText', { size: bytes(lang, row.arrived) })} onYes={() => discard.mutate({ upload_id: row.upload_id })} /></div>
    </li>)}</ul>
  </Panel>;
}
