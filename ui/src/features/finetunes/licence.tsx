/** @file A base model's licence terms, in full, to accept before its first use or to read again. */
import { Button, Modal } from 'antd';
import { useCall, useChange } from '../../api/use';
import { Answer, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';

export function Licence({ model, accepted, onAccepted, onClose }: { model: string; accepted: boolean; onAccepted: () => void; onClose: () => void }) {
  const { t } = useWords();
  const licence = useCall('licence_get', { model });
  const accept = useChange('licence_accept');
  const agree = () => accept.mutate({ model }, { onSuccess: onAccepted });
  return <Modal open centered width={720} title={licence.data?.title ?? t('tunes.licence')} onCancel={onClose}
    footer={accepted ? <Button onClick={onClose}>{t('act.close')}</Button>
      : <><Button onClick={onClose}>{t('tunes.decline')}</Button><Button type="primary" disabled={!licence.data} loading={accept.isPending} onClick={agree}>{t('tunes.accept')}</Button></>}>
    <div className="stack">{!accepted && <p className="soft">{t('tunes.licenceText', { model })}</p>}
      <Answer query={licence} rows={8}>{(text) => <div className="licence" tabIndex={0} role="region" aria-label={t('tunes.licence')}><pre>{text.text}</pre></div>}</Answer>
      <Refusal error={accept.error} onRetry={agree} /></div>
  </Modal>;
}
