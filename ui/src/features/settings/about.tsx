/** @file Which program this is and where it keeps things. */
import { useCall } from '../../api/use';
import { CopyText } from '../../components/copy';
import { Panel } from '../../components/page';
import { Answer } from '../../components/state';
import { useWords } from '../../i18n/use';

export function About() {
  const { t } = useWords();
  const info = useCall('app_info', {});
  return <Panel title={t('app.name')} lead={t('settings.aboutText')}><Answer query={info}>{(app) => <dl className="facts one">
    <div><dt>{t('settings.version')}</dt><dd>{app.version}</dd></div><div><dt>{t('settings.platformName')}</dt><dd>{app.platform}</dd></div>
    <div><dt>{t('settings.home')}</dt><dd><CopyText text={app.home} what={t('settings.home')} /></dd></div><div><dt>{t('settings.cache')}</dt><dd><CopyText text={app.cache} what={t('settings.cache')} /></dd></div>
  </dl>}</Answer></Panel>;
}
