/** @file Writes the style sheet of the antd components that the sources import, for both themes, while building.
 * With it antd needs no style element at run time (`zeroRuntime`), so the window's CSP can stay `default-src 'self'`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extractStyle } from '@ant-design/static-style-extract';
import { ConfigProvider } from 'antd';
import { createElement, type ReactNode } from 'react';
import type { Plugin } from 'vite';
import { themeOf } from '../src/styles/theme';

/** Parts that others draw inside themselves (a table its pagination, a modal its buttons). */
const within = ['Button', 'Checkbox', 'Dropdown', 'Empty', 'Menu', 'Modal', 'Pagination', 'Popover', 'Radio', 'Skeleton', 'Spin', 'Tooltip', 'Typography', 'message', 'notification'];

/** Names of components that any source file imports from antd. */
function imported(): string[] {
  const names = new Set(within);
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.tsx')) continue;
    for (const [, list = ''] of readFileSync(`src/${file}`, 'utf8').matchAll(/import \{([^}]*)\} from 'antd'/g)) {
      for (const name of list.split(',')) if (/^[A-Z]/.test(name.trim()) && !['App', 'ConfigProvider'].includes(name.trim())) names.add(name.trim());
    }
  }
  return [...names].sort();
}

const sheet = (dark: boolean, includes: string[]) => extractStyle({
  includes, customTheme: (node: ReactNode) => createElement(ConfigProvider, { theme: { ...themeOf(dark), zeroRuntime: false } }, node) as never,
});

/** Every rule once, then the variables of the dark theme, which are all that differs. */
function antdStyles(): string {
  const quiet = console.error;
  console.error = () => undefined; // Components drawn without content warn; nobody sees these drawings.
  try {
    const includes = imported();
    const dark = sheet(true, includes).match(/\.pc-dark[^{}]*\{[^{}]*\}/g) ?? [];
    return sheet(false, includes) + dark.join('');
  } finally { console.error = quiet; }
}

/**
 * antd's parts write passing style elements into the head (to measure a scroll bar, to hold the body still). The CSP refuses these,
 * and nothing here needs them: bars are the system's, the body never scrolls. So only the box that theme.tsx names gets any.
 */
function withoutHead(code: string): string {
  const guard = /export function injectCSS\(css, option = \{\}\) \{\s*if \(!canUseDom\(\)\) \{/;
  if (!guard.test(code)) throw new Error('antd-css: @rc-component/util has changed; look at injectCSS again');
  return code.replace(guard, 'export function injectCSS(css, option = {}) {\n  if (!canUseDom() || !option.attachTo) {');
}

export function antdCss(): Plugin {
  const id = 'virtual:antd.css';
  return {
    name: 'antd-css',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load: (source) => (source === `\0${id}` ? antdStyles() : null),
    transform: (code, file) => (file.includes('@rc-component/util/es/Dom/dynamicCSS') ? withoutHead(code) : null),
  };
}
