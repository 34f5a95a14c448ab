/** @file Starts the window's content on the host it finds. */
import { start } from './start';

const host = '__TAURI_INTERNALS__' in window ? (await import('../api/host.tauri')).tauriHost() : (await import('../api/host.web')).webHost();
start(host);
