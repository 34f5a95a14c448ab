/** @file Puts the shell on the page, over whichever host. */
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import type { Host } from '../api/host';
import { HostProvider } from '../api/use';
import i18n from '../i18n';
import { applyTheme } from '../lib/look';
import 'virtual:antd.css';
import '../styles/main.css';
import '../styles/pages.css';
import '../styles/detail.css';
import { freshClient } from './client';
import { Shell } from './shell';
import { Themed } from './theme';

export function start(host: Host): void {
  applyTheme('system');
  host.setLanguage(i18n.language); // Before the first question, whose answer may hold sentences.
  createRoot(document.getElementById('root')!).render(
    <HostProvider value={host}><QueryClientProvider client={freshClient()}><Themed><Shell /></Themed></QueryClientProvider></HostProvider>,
  );
}
