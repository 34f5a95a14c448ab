/** @file The side of the window: cloud, pages, how old the bills are, what is running, the way to every command. */
import { Button } from 'antd';
import { useCall } from '../api/use';
import { IconSearch, IconSync } from '../components/icons';
import { useSynced, useWords } from '../i18n/use';
import { isMac } from '../lib/keys';
import { hrefOf, pages, useOverlays, type Page } from '../lib/look';
import { Clouds } from './clouds';
import { pageIcons } from './commands';
import { Tasks } from './tasks';

export function Sidebar({ page }: { page: Page }) {
  const { t } = useWords();
  const overview = useCall('overview_get', {}, { every: 60000 });
  const synced = useSynced();
  return <aside className="side">
    <Clouds />
    <Button block className="search-button" icon={<IconSearch aria-hidden />} onClick={() => useOverlays.setState({ palette: true })}>
      <span className="search-words">{t('app.search')}</span><kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd></Button>
    <nav aria-label={t('app.nav')}>{pages.map((name) => <a key={name} href={hrefOf(name)} aria-current={name === page ? 'page' : undefined}>
      <span aria-hidden className="nav-icon">{pageIcons[name]}</span>{t(`nav.${name}`)}</a>)}</nav>
    <div className="side-foot">
      <Tasks />
      <a className="side-sync soft" href={hrefOf('usage')}><IconSync aria-hidden /> {synced(overview.data?.synced_at)}</a>
    </div>
  </aside>;
}
