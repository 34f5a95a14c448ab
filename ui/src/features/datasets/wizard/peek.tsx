/** @file The row that a finding names. */
import { Modal, Skeleton } from 'antd';
import { useCall } from '../../../api/use';
import { Nothing, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { Conversation } from '../parts/conversation';

export function Peek({ dataset, version, line, onClose }: { dataset: string; version: number; line: number; onClose: () => void }) {
  const { t, lang } = useWords();
  const at = useCall('row_find', { dataset, version, line });
  const from = at.data?.number ?? 0;
  const page = useCall('version_rows', { dataset, version, from, count: 1 }, { enabled: at.data !== undefined });
  const row = page.data?.rows[0];
  const label = t('datasets.lineNo', { line: number(lang, row?.line ?? line) });
  return <Modal open centered width={680} title={label} footer={null} onCancel={onClose}>
    <Refusal error={at.error ?? page.error} onRetry={() => void (at.error ? at.refetch() : page.refetch())} />
    {row ? row.raw !== null ? <><p className="soft">{t('wizard.unreadable')}</p><pre className="detail raw">{row.raw}</pre></> : <Conversation label={label} messages={row.messages} rejected={row.rejected} remark={row.provenance} />
      : page.data ? <Nothing title={t('wizard.noRow')} /> : !at.error && !page.error && <div role="status" aria-label={t('progress.working')}><Skeleton active /></div>}
    {row?.cut && <p className="soft">{t('wizard.cutShort')}</p>}
  </Modal>;
}
