/** @file Every page, in both languages, full and empty: it shows itself, and axe finds nothing. */
import { screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';
import { fakeHost, freshState, refusal } from './fake';
import { expectAccessible, open } from './render';

const routes = {
  'overview': 'overview', 'datasets': 'datasets', 'datasets/new': 'datasets', 'datasets/check/%2Fdata%2Fhotel.csv': 'datasets', 'datasets/check/%2Fdata%2Fmanual.pdf': 'datasets', 'datasets/front-desk/upload': 'datasets', 'finetunes': 'finetunes', 'finetunes/new': 'finetunes', 'finetunes/ft-202611250912-a1b2': 'finetunes', 'finetunes/ft-202611230801-9abc/log': 'finetunes', 'finetunes/ft-202611240210-0789/lineage': 'finetunes', 'finetunes/ft-202611240210-0789/config': 'finetunes',
  'models': 'models', 'models/playground': 'models', 'models/deployments': 'models', 'usage': 'usage', 'settings': 'settings', 'settings/clouds': 'settings', 'settings/storage': 'settings', 'settings/keys': 'settings', 'settings/about': 'settings',
} as const;

const settled = () => expect.poll(() => document.querySelector('main h1') !== null && document.querySelector('main [role="status"] .ant-skeleton, main > .page > [role="status"]') === null, { timeout: 10000 }).toBe(true);

describe.each(['en', 'zh-CN'] as const)('in %s', (lang) => {
  it.each(Object.keys(routes) as (keyof typeof routes)[])('%s', async (at) => {
    await open({ at, lang });
    await settled();
    const words = lang === 'en' ? en : zh;
    expect(screen.getByRole('link', { name: words.nav[routes[at]], current: 'page' })).toBeTruthy();
    expect(document.documentElement.lang).toBe(lang);
    expect(document.body.textContent).not.toMatch(/\{\{|\bundefined\b|\bNaN\b|\[object/);
    await expectAccessible();
  });
});

/** The pages of somebody who has just started. */
function empty() {
  const state = freshState();
  return fakeHost(Object.assign(state, { source: { ...state.source, versions: {} }, library: { versions: [], others: [], uploads: [], checkedVersions: [] }, tunes: [], datasets: [], models: [], deployments: [], usage: { ...state.usage, lines: [], days: [], synced_at: null, balance: null } }));
}

it.each([['overview', en.overview.step1], ['datasets', en.datasets.noLocalText], ['finetunes', en.tunes.emptyText], ['models', en.models.emptyText], ['models/playground', en.play.noModelsText], ['models/deployments', en.deploy.emptyText], ['usage', en.usage.neverText], ['finetunes/new', en.tunes.addData]])('%s says what to do next while it is empty', async (at, words) => {
  await open({ at, fake: empty() });
  expect((await screen.findAllByText(words, {}, { timeout: 8000 })).length).toBeGreaterThan(0);
  await expectAccessible();
});

it.each([['overview', 'overview_get'], ['datasets', 'dataset_list'], ['finetunes', 'tune_list'], ['models', 'model_list'], ['usage', 'usage_get'], ['settings/storage', 'storage_get']] as const)('%s shows a refusal as a sentence with its code, and gets over it', async (at, command) => {
  const fake = fakeHost();
  fake.knobs.refuse[command] = refusal('network_unreachable', 'The cloud cannot be reached.');
  const { user } = await open({ at, fake });
  expect((await screen.findAllByText('The cloud cannot be reached.', {}, { timeout: 8000 })).length).toBeGreaterThan(0);
  expect(screen.getAllByText('Code: network_unreachable').length).toBeGreaterThan(0);
  delete fake.knobs.refuse[command];
  const main = document.querySelector('main');
  await user.click((await screen.findAllByRole('button', { name: 'Try again' })).find((node) => main?.contains(node)) as HTMLElement);
  await expect.poll(() => screen.queryByText('The cloud cannot be reached.')).toBeNull();
});

it('offers no retry where a retry cannot help', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.storage_get = refusal('input_invalid', 'That is not valid.', false);
  await open({ at: 'settings/storage', fake });
  await screen.findByText('That is not valid.', {}, { timeout: 8000 });
  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
});

it('shows the frame and a skeleton while the host is silent', async () => {
  const fake = fakeHost();
  fake.knobs.hang.add('overview_get').add('cloud_list').add('settings_get');
  await open({ at: 'overview', fake });
  expect(screen.getByRole('navigation')).toBeTruthy();
  expect((await screen.findAllByRole('status', { name: 'Working …' }, { timeout: 8000 })).length).toBeGreaterThan(0);
});
