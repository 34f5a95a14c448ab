/** @file The small state that is no server's: the route, the theme. */
import { create } from 'zustand';

export const pages = ['overview', 'datasets', 'finetunes', 'models', 'usage', 'settings'] as const;
export type Page = (typeof pages)[number];

/** `#/datasets/rest` as a page and the rest; anything else is the overview. */
export function route(hash: string): { page: Page; rest: string } {
  const [, name = '', ...rest] = hash.replace(/^#/, '').split('/');
  const page = pages.find((known) => known === name) ?? 'overview';
  return { page, rest: rest.map(decodeURIComponent).join('/') };
}

export const useRoute = create<ReturnType<typeof route>>(() => route(location.hash));
addEventListener('hashchange', () => useRoute.setState(route(location.hash), true));
export const go = (page: Page, rest = '') => { location.hash = `/${page}${rest ? `/${encodeURIComponent(rest)}` : ''}`; };

/** Applies light, dark or the system's choice. */
export function applyTheme(theme: string): void {
  const dark = theme === 'dark' || (theme !== 'light' && globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
