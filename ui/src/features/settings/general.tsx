/** @file Language, appearance and the pace of uploads, in effect at once. */
import { Segmented } from 'antd';
import { useCall, useChange } from '../../api/use';
import type { Settings } from '../../api/generated/types';
import { Panel } from '../../components/page';
import { Answer, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { Uploads } from './uploads';

export function General() {
  const { t } = useWords();
  const settings = useCall('settings_get', {});
  const save = useChange('settings_set');
  const set = (old: Settings, part: Partial<Settings>) => save.mutate({ ...old, ...part });
  return <Panel><Refusal error={save.error} onRetry={() => save.variables && save.mutate(save.variables)} /><Answer query={settings}>{(stored) => {
    // What was just chosen is shown while it is being stored.
    const shown = save.isPending ? save.variables : stored;
    return <div className="setting-rows">
      <div className="setting"><div><b>{t('settings.language')}</b><span className="soft">{t('settings.languageText')}</span></div>
        <Segmented name="language" aria-label={t('settings.language')} value={shown.language} onChange={(language) => set(stored, { language })} options={[{ value: 'system', label: t('settings.system') }, { value: 'zh-CN', label: '中文' }, { value: 'en', label: 'English' }]} /></div>
      <div className="setting"><div><b>{t('settings.theme')}</b><span className="soft">{t('settings.themeText')}</span></div>
        <Segmented name="theme" aria-label={t('settings.theme')} value={shown.theme} onChange={(theme) => set(stored, { theme })} options={[{ value: 'system', label: t('settings.system') }, { value: 'light', label: t('settings.light') }, { value: 'dark', label: t('settings.dark') }]} /></div>
      <Uploads stored={stored} onSet={(part) => set(stored, part)} />
    </div>;
  }}</Answer></Panel>;
}
