/** @file Asks once, where the system has no keychain: key file or this session only, each with its consequence. */
import { Button, Modal, Radio } from 'antd';
import { useState } from 'react';
import { useCall, useChange } from '../api/use';
import { Refusal } from '../components/state';
import { useWords } from '../i18n/use';

export function KeyChoice() {
  const { t } = useWords();
  const keys = useCall('keychain_status', {});
  const choose = useChange('keychain_choose');
  const [place, setPlace] = useState<'file' | 'session'>('file');
  const answer = () => choose.mutate({ place });
  if (keys.data?.place !== 'undecided') return null;
  return <Modal open centered closable={false} keyboard={false} mask={{ closable: false }} width={520} title={t('settings.chooseTitle')}
    footer={<Button type="primary" loading={choose.isPending} onClick={answer}>{t(place === 'file' ? 'settings.chooseFile' : 'settings.chooseSession')}</Button>}>
    <div className="stack"><p id="key-choice">{t('settings.chooseText')}</p>
      <Radio.Group className="choices" aria-labelledby="key-choice" value={place} onChange={(event) => setPlace(event.target.value)}>
        <Radio value="file"><b>{t('settings.file')}</b><span className="soft break">{t('settings.fileText', { path: keys.data.key_file })}</span></Radio>
        <Radio value="session"><b>{t('settings.session')}</b><span className="soft">{t('settings.sessionText')}</span></Radio>
      </Radio.Group>
      <Refusal error={choose.error} onRetry={answer} /></div>
  </Modal>;
}
