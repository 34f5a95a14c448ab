/** @file The frame around every page: navigation, clouds, tasks, language, theme, palette. */
import { useQueryClient } from '@tanstack/react-query';
import { Component, lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { refetch, useCall, useChange, useHost } from '../api/use';
import { Dialog, Progress, useWords } from '../components/basics';
import { langOf } from '../i18n';
import { age } from '../lib/format';
import { applyTheme, go, pages, useRoute, type Page } from '../lib/look';

const content: Record<Page, ReturnType<typeof lazy>> = {
  overview: lazy(() => import('../features/overview/page')), datasets: lazy(() => import('../features/datasets/page')),
  finetunes: lazy(() => import('../features/finetunes/page')), models: lazy(() => import('../features/models/page')),
  usage: lazy(() => import('../features/usage/page')), settings: lazy(() => import('../features/settings/page')),
};

/** A page that throws must not take the navigation with it. */
class Guard extends Component<{ children: ReactNode; words: string }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() { return { broken: true }; }
  override render() { return this.state.broken ? <p role="alert" className="bad">{this.props.words}</p> : this.props.children; }
}

function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const found = pages.filter((page) => t(`nav.${page}`).toLowerCase().includes(text.toLowerCase()));
  const open = (page: Page | undefined) => { if (page) { go(page); onClose(); } };
  return <Dialog title={t('app.palette')} onClose={onClose}><div className="stack">
    <input autoFocus aria-label={t('app.palette')} value={text} onChange={(e) => setText(e.target.value)}
      onKeyDown={(e) => { if (e.key === 'Enter' && !e.nativeEvent.isComposing && e.keyCode !== 229) open(found[0]); }} />
    {found.map((page) => <button key={page} onClick={() => open(page)}>{t(`nav.${page}`)}</button>)}
  </div></Dialog>;
}

function Tasks() {
  const { t } = useWords();
  const tasks = useCall('task_list', {}, { every: 2000 });
  const cancel = useChange('task_cancel');
  const [open, setOpen] = useState(false);
  const list = tasks.data ?? [];
  return <>
    <button onClick={() => setOpen(true)}>{list.length ? t('app.runningTasks', { count: list.length }) : t('app.tasks')}</button>
    {open && <Dialog title={t('app.tasks')} onClose={() => setOpen(false)}><div className="stack">
      {list.length === 0 && <p>{t('app.noTasks')}</p>}
      {list.map((task) => <div key={task.id}><strong>{task.subject || task.command}</strong><Progress value={task.progress} onCancel={() => cancel.mutate({ id: task.id })} /></div>)}
      <button onClick={() => setOpen(false)}>{t('act.close')}</button></div></Dialog>}
  </>;
}

function KeyChoice() {
  const { t } = useWords();
  const keys = useCall('keychain_status', {});
  const choose = useChange('keychain_choose');
  if (keys.data?.place !== 'undecided') return null;
  return <Dialog title={t('settings.keys')} onClose={() => undefined}><p>{t('settings.undecided')}</p>
    <p>{t('settings.file', { path: keys.data.key_file })}</p><button onClick={() => choose.mutate({ place: 'file' })}>{t('settings.chooseFile')}</button>
    <p>{t('settings.session')}</p><button onClick={() => choose.mutate({ place: 'session' })}>{t('settings.chooseSession')}</button></Dialog>;
}

function Clouds() {
  const { t } = useWords();
  const clouds = useCall('cloud_list', {});
  const select = useChange('cloud_select');
  return <label>{t('app.cloud')}<select value={clouds.data?.find((c) => c.selected)?.id ?? ''} onChange={(e) => select.mutate({ id: e.target.value })}>
    {(clouds.data ?? []).map((cloud) => <option key={cloud.id} value={cloud.id}>{cloud.name}</option>)}</select></label>;
}

export function Shell() {
  const { t, lang } = useWords();
  const { i18n } = useTranslation();
  const host = useHost();
  const client = useQueryClient();
  const { page } = useRoute();
  const settings = useCall('settings_get', {});
  const overview = useCall('overview_get', {});
  const [palette, setPalette] = useState(false);
  useEffect(() => host.listenChanged((tags) => refetch(client, tags)), [host, client]);
  useEffect(() => {
    const key = (e: KeyboardEvent) => { if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') { e.preventDefault(); setPalette(true); } };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  const { language, theme } = settings.data ?? {};
  useEffect(() => { if (language) void i18n.changeLanguage(langOf(language)); }, [language, i18n]);
  useEffect(() => {
    document.documentElement.lang = lang;
    host.setLanguage(lang);
    void client.invalidateQueries();
  }, [lang, host, client]);
  useEffect(() => {
    const apply = () => applyTheme(theme ?? 'system');
    apply();
    const system = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    system?.addEventListener('change', apply);
    return () => system?.removeEventListener('change', apply);
  }, [theme]);
  const Content = content[page];
  const synced = overview.data?.synced_at;
  return <div className="shell">
    <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById('content')?.focus(); }}>{t('app.skip')}</a>
    <aside className="side"><Clouds />
      <nav aria-label={t('app.nav')}>{pages.map((name) => <a key={name} href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>{t(`nav.${name}`)}</a>)}</nav>
      <div className="foot"><span className="soft">{synced ? t('app.synced', { age: age(lang, synced) }) : t('app.neverSynced')}</span>
        <Tasks /><button onClick={() => setPalette(true)}>{t('app.paletteOpen')}</button></div>
    </aside>
    <main id="content" tabIndex={-1}><div className="page"><h1>{t(`nav.${page}`)}</h1>
      <Guard key={page} words={t('app.crashed')}><Suspense fallback={<p role="status">{t('progress.working')}</p>}><Content /></Suspense></Guard></div></main>
    {palette && <Palette onClose={() => setPalette(false)} />}<KeyChoice />
  </div>;
}
