/** @file Draws a page or the whole window over the test host. Tests only. */
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { run } from 'axe-core';
import type { ReactNode } from 'react';
import { expect } from 'vitest';
import { HostProvider } from '../api/use';
import { freshClient } from '../app/client';
import { Shell } from '../app/shell';
import { Themed } from '../app/theme';
import i18n, { type Lang } from '../i18n';
import { applyTheme, route, useOverlays, useRoute } from '../lib/look';
import { fakeHost } from './fake';

type Options = { at?: string; lang?: Lang; fake?: ReturnType<typeof fakeHost>; page?: ReactNode };

/** The window at an address, over a host that knows believable rows. */
export async function open({ at = '', lang = 'en', fake = fakeHost(), page = <Shell /> }: Options = {}) {
  fake.state.settings.language = lang;
  await i18n.changeLanguage(lang);
  applyTheme('light');
  location.hash = `/${at}`;
  useRoute.setState(route(location.hash), true);
  useOverlays.setState({ palette: false, tasks: false, dropping: false });
  const { unmount } = render(<HostProvider value={fake.host}><QueryClientProvider client={freshClient()}><Themed>{page}</Themed></QueryClientProvider></HostProvider>);
  return { ...fake, unmount, user: userEvent.setup(), sent: (command: string) => fake.asked.filter((one) => one.command === command).map((one) => one.request) };
}

/** Waits for the button that starts, stops or confirms something. */
export const button = (name: string | RegExp) => screen.findByRole('button', { name }, { timeout: 20000 });

/** No violation that jsdom can see; contrast needs a real screen and is checked in Chromium. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await run(document.body, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`)).toEqual([]);
}
