/** @file Where the master key is kept, with the consequence in words. */
import { useCall } from '../../api/use';
import { IconKey } from '../../components/icons';
import { Panel } from '../../components/page';
import { Answer } from '../../components/state';
import { useWords } from '../../i18n/use';

export function Keys() {
  const { t } = useWords();
  const keys = useCall('keychain_status', {});
  return <Panel title={t('settings.keysTitle')}><Answer query={keys} rows={2}>{({ place, key_file }) => {
    const text = { platform: t('settings.platformText'), file: t('settings.fileText', { path: key_file }), session: t('settings.sessionText'), undecided: t('settings.chooseText') }[place];
    return <div className="row nowrap-row"><span className="notice-icon info" aria-hidden><IconKey /></span><div className="cell-two"><b>{t(`settings.${place}`)}</b><span className="soft break">{text}</span></div></div>;
  }}</Answer></Panel>;
}
