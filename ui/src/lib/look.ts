/** @file The small state that is no server's: the route, the theme in effect.
 * The route is the address' hash and needs no router: six pages, at most two levels, no loaders (queries load).
 */
import { create } from 'zustand';

export const pages = ['overview', 'datasets', 'finetunes', 'models', 'usage', 'settings'] as const;
export type Page = (typeof pages)[number];

/** A broken escape is shown as it stands instead of breaking the window. */
function decoded(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** `#/datasets/a/b` as a page and the rest; anything else is the overview. */
export function route(hash: string): { page: Page; rest: string[] } {
  const [, name = '', ...rest] = hash.replace(/^#/, '').split('/');
  const page = pages.find((known) => known === name) ?? 'overview';
  return { page, rest: rest.filter((part) => part !== '').map(decoded) };
}

export const useRoute = create<ReturnType<typeof route>>(() => route(location.hash));
addEventListener('hashchange', () => useRoute.setState(route(location.hash), true));

export const hrefOf = (page: Page, ...rest: string[]) => `#/${[page, ...rest.map(encodeURIComponent)].join('/')}`;
export const go = (page: Page, ...rest: string[]) => { location.hash = hrefOf(page, ...rest); };
/** Like `go`, but the way back does not lead here again: for addresses that are an order, such as `#/datasets/sample`. */
export const goInstead = (page: Page, ...rest: string[]) => { location.replace(hrefOf(page, ...rest)); };

const system = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
const still = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');
export const useLook = create<{ theme: string; dark: boolean; still: boolean }>(() => ({ theme: 'system', dark: system?.matches ?? false, still: still?.matches ?? false }));

/** Applies light, dark or the system's choice. */
export function applyTheme(theme: string): void {
  const dark = theme === 'dark' || (theme !== 'light' && (system?.matches ?? false));
  useLook.setState({ theme, dark });
  const { classList, dataset } = document.documentElement;
  dataset.theme = dark ? 'dark' : 'light';
  classList.toggle('pc-dark', dark);
  classList.toggle('pc-light', !dark);
}
system?.addEventListener?.('change', () => applyTheme(useLook.getState().theme));
still?.addEventListener?.('change', (event) => useLook.setState({ still: event.matches }));

/** What palette and shortcuts open from anywhere; whether files are held over the window. */
export const useOverlays = create<{ palette: boolean; tasks: boolean; dropping: boolean }>(() => ({ palette: false, tasks: false, dropping: false }));
