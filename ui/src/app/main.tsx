/** @file Starts the window's content on the host it finds. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { HostProvider } from '../api/use';
import '../i18n';
import '../styles/main.css';
import { Shell } from './shell';

const host = '__TAURI_INTERNALS__' in window ? (await import('../api/host.tauri')).tauriHost() : (await import('../api/host.web')).webHost();
const client = new QueryClient();
createRoot(document.getElementById('root')!).render(
  <HostProvider value={host}><QueryClientProvider client={client}><Shell /></QueryClientProvider></HostProvider>,
);
