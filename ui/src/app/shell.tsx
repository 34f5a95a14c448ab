/** @file The frame around every page, and what holds for the whole window: language, theme, refetching, shortcuts, dropped files. */
import { useQueryClient } from '@tanstack/react-query';
import { App, Skeleton } from 'antd';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { refetch, useCall, useHost } from '../api/use';
import { langOf } from '../i18n';
import { useWords } from '../i18n/use';
import { applyTheme, go, useOverlays, useRoute, type Page } from '../lib/look';
import { Guard } from './guard';
import { KeyChoice } from './keychoice';
import { Palette } from './palette';
import { Sidebar } from './sidebar';

const content: Record<Page, ReturnType<typeof lazy>> = {
  overview: lazy(() => import('../features/overview/page')), datasets: lazy(() => import('../features/datasets/page')),
  finetunes: lazy(() => import('../features/finetunes/page')), models: lazy(() => import('../features/models/page')),
  usage: lazy(() => import('../features/usage/page')), settings: lazy(() => import('../features/settings/page')),
};

/** The settings, put into effect. Sentences from Rust are in the asked language, so a new language asks again. */
function useSettings() {
  const { lang } = useWords();
  const { i18n } = useTranslation();
  const host = useHost();
  const client = useQueryClient();
  const settings = useCall('settings_get', {});
  const info = useCall('app_info', {});
  const language = settings.data?.language;
  const locale = info.data?.locale;
  const theme = settings.data?.theme;
  useEffect(() => {
    if (language) void i18n.changeLanguage(langOf(language === 'system' ? locale ?? navigator.language : language));
  }, [language, locale, i18n]);
  const spoken = useRef('');
  useEffect(() => {
    document.documentElement.lang = lang;
    host.setLanguage(lang);
    if (spoken.current && spoken.current !== lang) void client.invalidateQueries();
    spoken.current = lang;
  }, [lang, host, client]);
  useEffect(() => applyTheme(theme ?? 'system'), [theme]);
}

function useWindow() {
  const { t } = useWords();
  const { message } = App.useApp();
  const host = useHost();
  const client = useQueryClient();
  useEffect(() => host.listenChanged((tags) => refetch(client, tags)), [host, client]);
  // A source is one file or one folder: of several the first is taken, and a message says so.
  useEffect(() => host.onFileDrop((paths) => {
    const [first] = paths;
    if (!first) return;
    if (paths.length > 1) void message.info(t('wizard.oneOfMany', { name: first.split(/[\\/]/).at(-1) ?? first }), 8);
    go('datasets', 'check', first);
  }, (dropping) => useOverlays.setState({ dropping })), [host, message, t]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') { event.preventDefault(); useOverlays.setState((all) => ({ palette: !all.palette })); }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
}

export function Shell() {
  const { t } = useWords();
  const { page, rest } = useRoute();
  useSettings();
  useWindow();
  const main = useRef<HTMLElement>(null);
  const where = `${page}/${rest.join('/')}`;
  useEffect(() => { main.current?.scrollTo?.(0, 0); document.title = `${t(`nav.${page}`)} · ${t('app.name')}`; }, [where, page, t]);
  const Content = content[page];
  // Before there is a master key nothing can be opened: a page would only show that, behind the dialog that asks.
  const keys = useCall('keychain_status', {});
  const waiting = keys.isPending || keys.data?.place === 'undecided';
  const skeleton = <div role="status" aria-label={t('progress.working')}><Skeleton active title={false} paragraph={{ rows: 6 }} /></div>;
  return <div className="shell">
    <a className="skip" href="#content" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{t('app.skip')}</a>
    <Sidebar page={page} />
    <main id="content" ref={main} tabIndex={-1}><div className="page">
      {waiting ? skeleton : <Guard key={page}><Suspense fallback={skeleton}><Content /></Suspense></Guard>}
    </div></main>
    <section id="overlays" aria-label={t('app.overlays')} />
    <Palette /><KeyChoice />
  </div>;
}
