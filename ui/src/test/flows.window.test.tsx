/** @file The frame, bills and settings as a person uses them: keyboard, palette, tasks, keys, language, theme, money. */
import { act, fireEvent, screen, within } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { parts } from '../features/usage/breakdown';
import { fakeHost } from './fake';
import { lines } from './data';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 8000 };

it('opens the palette with Ctrl-K, finds by words in any order, runs with Enter, not while composing', async () => {
  const { user } = await open({ at: 'overview' });
  await user.keyboard('{Control>}k{/Control}');
  const field = await screen.findByRole('combobox', { name: 'Search commands' }, slow);
  await expect.poll(() => document.activeElement).toBe(field);
  await expectAccessible();
  await user.type(field, 'new start');
  expect(screen.getByRole('option', { selected: true }).textContent).toBe('Start a new fine-tune');
  fireEvent.keyDown(field, { key: 'Enter', isComposing: true });
  expect(location.hash).toBe('#/overview');
  await user.keyboard('{Enter}');
  await screen.findByRole('heading', { name: 'New fine-tune' }, slow);
});

it('moves in the palette with arrows, round the end', async () => {
  const { user } = await open();
  await user.keyboard('{Control>}k{/Control}');
  await screen.findByRole('combobox', { name: 'Search commands' }, slow);
  await user.keyboard('{ArrowUp}{ArrowDown}{ArrowDown}');
  expect(screen.getByRole('option', { selected: true }).textContent).toBe('Go to Datasets');
});

it('skips to the content', async () => {
  const { user } = await open();
  await user.tab();
  expect(document.activeElement?.textContent).toBe('Skip to content');
  await user.keyboard('{Enter}');
  expect(document.activeElement?.id).toBe('content');
});

it('lists running tasks and cancels one', async () => {
  const fake = fakeHost();
  fake.state.tasks = [{ id: 't1', command: 'model_convert', subject: 'shop-guide', progress: { stage: 'convert', done: 4, total: 18, unit: 'steps' }, started_at: '2026-11-25T09:00:00Z' }];
  const { user, sent } = await open({ fake });
  await user.click(await button('1 task running'));
  const drawer = within(await screen.findByRole('dialog', { name: 'Tasks' }, slow));
  expect(drawer.getByText('4 of 18 steps')).toBeTruthy();
  await user.click(drawer.getByRole('button', { name: 'Cancel task “Convert model · shop-guide”' }));
  await expect.poll(() => sent('task_cancel')).toEqual([{ id: 't1' }]);
  await drawer.findByText('Nothing is running on this computer.', {}, slow);
});

it('asks where the master key is kept, and cannot be waved away', async () => {
  const fake = fakeHost();
  fake.state.keychain.place = 'undecided';
  const { user, sent } = await open({ fake });
  const dialog = within(await screen.findByRole('dialog', { name: 'This computer has no keychain' }, slow));
  await user.keyboard('{Escape}');
  await expectAccessible();
  await user.click(dialog.getByRole('radio', { name: /This session only/ }));
  await user.click(dialog.getByRole('button', { name: 'For this session only' }));
  await expect.poll(() => sent('keychain_choose')).toEqual([{ place: 'session' }]);
  await expect.poll(() => screen.queryByRole('dialog'), slow).toBeNull();
});

it('switches the cloud for every page', async () => {
  const { user, sent } = await open({ at: 'datasets' });
  await screen.findByText('hotel-customer-service.jsonl', {}, slow);
  await user.click(await button(/Cloud:.*内置云/));
  await user.click(await screen.findByRole('menuitem', { name: /百炼 北京/ }, slow));
  await expect.poll(() => sent('cloud_select')).toEqual([{ id: 'beijing' }]);
  await expect.poll(() => sent('dataset_list').length).toBeGreaterThan(1);
});

it('refetches what a broadcast names, and only that', async () => {
  const { changed, sent } = await open({ at: 'datasets' });
  await screen.findByText('hotel-customer-service.jsonl', {}, slow);
  const before = sent('settings_get').length;
  act(() => changed(['datasets']));
  await expect.poll(() => sent('dataset_list').length).toBe(2);
  expect(sent('settings_get').length).toBe(before);
});

it('changes language and appearance at once', async () => {
  const { user, sent } = await open({ at: 'settings' });
  await user.click(await screen.findByRole('radio', { name: '中文' }, slow));
  await screen.findByRole('heading', { name: '设置' }, slow);
  expect(document.documentElement.lang).toBe('zh-CN');
  await user.click(await screen.findByRole('radio', { name: '深色' }, slow));
  await expect.poll(() => document.documentElement.classList.contains('pc-dark')).toBe(true);
  expect(sent('settings_set').at(-1)).toMatchObject({ language: 'zh-CN', theme: 'dark' });
});

it('adds a cloud only with what it needs', async () => {
  const { user, sent } = await open({ at: 'settings/clouds/new' });
  const dialog = within(await screen.findByRole('dialog', { name: 'Add Model Studio' }, slow));
  const address = dialog.getByLabelText('Address');
  await user.clear(address);
  await user.type(address, 'dashscope');
  await user.type(dialog.getByLabelText('AccessKey ID (for bills)'), 'LTAI-test');
  await user.click(dialog.getByRole('button', { name: 'Add' }));
  await dialog.findByText('This is not an http or https address.', {}, slow);
  await dialog.findByText('Please fill this in.', {}, slow);
  await dialog.findByText('An AccessKey needs both its ID and its secret.', {}, slow);
  expect(sent('cloud_add')).toEqual([]);
  await user.clear(address);
  await user.type(address, 'https://dashscope.aliyuncs.com');
  await user.type(dialog.getByLabelText('API key'), 'sk-test');
  await user.type(dialog.getByLabelText('AccessKey secret'), 'hush');
  await user.click(dialog.getByRole('button', { name: 'Add' }));
  await expect.poll(() => sent('cloud_add').length, slow).toBe(1);
  expect(sent('cloud_add')[0]).toMatchObject({ base_url: 'https://dashscope.aliyuncs.com', api_key: 'sk-test', access_key_id: 'LTAI-test', access_key_secret: 'hush', region: null, billing_url: null });
});

it('cleans only what can be had again, after naming how much', async () => {
  const { user, sent } = await open({ at: 'settings/storage' });
  expect(screen.queryByRole('button', { name: 'Clean up: Datasets' })).toBeNull();
  await user.click(await button('Clean up: Checkpoints'));
  const dialog = await screen.findByRole('dialog', {}, slow);
  expect(dialog.textContent).toContain('88.4 MB');
  await user.click(within(dialog).getByRole('button', { name: 'Clean up' }));
  await expect.poll(() => sent('storage_clean')).toEqual([{ kind: 'checkpoints' }]);
});

it('checks a cloud and says when it does not answer', async () => {
  const { user } = await open({ at: 'settings/clouds' });
  await user.click(await button('Check: 百炼 北京'));
  await screen.findByText('Does not answer', {}, slow);
  await user.click(await button('Check: 内置云'));
  await screen.findByText(/Answers in 4 ms/, {}, slow);
});

it('syncs bills on the palette’s word, shows exact figures, and exports what a spreadsheet can add up', async () => {
  const blobs: Blob[] = [];
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => { blobs.push(blob); return 'blob:x'; }, revokeObjectURL: () => undefined }));
  HTMLAnchorElement.prototype.click = () => undefined;
  const { user, sent } = await open({ at: 'usage/sync' });
  await screen.findByText(/bill lines read/, {}, slow);
  expect(sent('usage_sync').length).toBe(1);
  expect(screen.getByTitle('CN¥5.9634702')).toBeTruthy();
  await user.click(await button('Export CSV'));
  const text = await new Promise<string>((resolve) => { const reader = new FileReader(); reader.onload = () => resolve(String(reader.result)); reader.readAsText(blobs[0] as Blob); });
  expect(text.split('\r\n')[1]).toBe('2026-11-01,inference,gemma-3-270m-ft-0789-d41c,input_token,18234,token,0.0000003,0.0054702,CNY');
  await user.click(screen.getByRole('radio', { name: 'By kind' }));
  await screen.findByText('Hosting', { selector: '.break' }, slow);
});

it('sums a breakdown exactly', () => {
  const kinds = parts(lines, 'kind');
  expect(kinds.map((part) => part.name)).toEqual(['hosting', 'training', 'inference']);
  expect(kinds.find((part) => part.name === 'inference')?.cost.amount).toBe('0.2787408');
});
