/** @file My models as a person uses them: take home, convert, import, export, delete, compare, deploy. */
import { fireEvent, screen, within } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { forget } from '../features/models/duel';
import { fakeHost, refusal } from './fake';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 8000 };
beforeEach(forget);

it('takes a finished fine-tune home', async () => {
  const { user, sent } = await open({ at: 'models' });
  await user.click(await button('Take home: 酒店客服 v2'));
  await expect.poll(() => sent('model_pull'), slow).toEqual([{ job_id: 'ft-202611241655-e5f6' }]);
  await button('Try it: 酒店客服 v2');
});

it('converts to a format that is missing', async () => {
  const { user, sent } = await open({ at: 'models' });
  await user.click(await button('Convert: shop-guide-q4'));
  await user.click(await screen.findByRole('menuitem', { name: /Convert to int4/ }, slow));
  await expect.poll(() => sent('model_convert'), slow).toEqual([{ model: 'shop-guide-q4', quant: 'int4' }]);
});

it('cancels a conversion', async () => {
  const { user, knobs } = await open({ at: 'models' });
  knobs.pace = 100000;
  await user.click(await button('Convert: gemma-3-270m'));
  await user.click(await screen.findByRole('menuitem', { name: /Convert to f32/ }, slow));
  await user.click(await button('Cancel conversion'));
  await expect.poll(() => screen.queryByRole('button', { name: 'Cancel conversion' })).toBeNull();
});

it('imports a GGUF file with a name and an adapter', async () => {
  const fake = fakeHost();
  fake.knobs.file = '/m/shop.gguf';
  fake.knobs.folder = '/m/adapter';
  const { user, sent } = await open({ at: 'models/import/file', fake });
  const dialog = within(await screen.findByRole('dialog', { name: 'Import shop.gguf' }, slow));
  await user.click(dialog.getByRole('button', { name: 'Choose a folder' }));
  const name = dialog.getByRole('textbox', { name: 'Name (optional)' });
  await user.type(name, 'guide');
  fireEvent.keyDown(name, { key: 'Enter', isComposing: true });
  expect(sent('model_import')).toEqual([]);
  await user.type(name, '{Enter}');
  await expect.poll(() => sent('model_import'), slow).toEqual([{ path: '/m/shop.gguf', adapter: '/m/adapter', name: 'guide', as_base: false }]);
});

it('imports a folder as a base model, without an adapter', async () => {
  const fake = fakeHost();
  fake.knobs.folder = '/m/qwen';
  const { user, sent } = await open({ at: 'models/import/folder', fake });
  const dialog = within(await screen.findByRole('dialog', { name: 'Import qwen' }, slow));
  await user.click(dialog.getByRole('checkbox', { name: /base model for fine-tunes/ }));
  expect(dialog.queryByText('Adapter folder (optional)')).toBeNull();
  await user.click(dialog.getByRole('button', { name: 'Import' }));
  await expect.poll(() => sent('model_import'), slow).toEqual([{ path: '/m/qwen', adapter: null, name: null, as_base: true }]);
});

it('exports into a chosen folder, and deletes only after naming the loss', async () => {
  const fake = fakeHost();
  fake.knobs.folder = '/out';
  const { user, sent } = await open({ at: 'models', fake });
  await user.click(await button('More actions: 酒店客服 v1'));
  await user.click(await screen.findByRole('menuitem', { name: 'Export as int4' }, slow));
  await screen.findByText('“酒店客服 v1” is exported to /out.', {}, slow);
  expect(sent('model_export')).toEqual([{ model: 'gemma-3-270m-ft-0789', dir: '/out', quant: 'int4' }]);
  await user.click(await button('More actions: 酒店客服 v1'));
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }, slow));
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('1.2 GB');
  expect(sent('model_delete')).toEqual([]);
});

it('asks base and tuned the same prompt side by side, marks what differs, shows each side’s figures', async () => {
  const { user, sent } = await open({ at: 'models/playground' });
  const prompt = await screen.findByRole('textbox', { name: 'Prompt' }, slow);
  await user.type(prompt, 'When is breakfast?');
  fireEvent.keyDown(prompt, { key: 'Enter', isComposing: true });
  fireEvent.keyDown(prompt, { key: 'Enter', keyCode: 229 });
  fireEvent.keyDown(prompt, { key: 'Enter', shiftKey: true });
  expect(sent('chat_send')).toEqual([]);
  await user.type(prompt, '{Enter}');
  await expect.poll(() => screen.queryAllByText('41.7 tokens/s').length + screen.queryAllByText('42 tokens/s').length, slow).toBe(2);
  expect(sent('chat_send').map((one) => (one as { target: unknown }).target)).toEqual([{ kind: 'local', model: 'gemma-3-270m', quant: 'int4' }, { kind: 'local', model: 'gemma-3-270m-ft-0789', quant: 'int4' }]);
  expect(screen.getAllByText(/first token 84 ms/).length).toBe(2);
  expect(screen.getAllByText('612 MB memory').length).toBe(2);
  expect(document.querySelector('mark')).toBeNull();
  await user.click(screen.getByRole('switch', { name: 'Mark differences' }));
  expect(document.querySelectorAll('mark').length).toBeGreaterThan(0);
  await user.click(await button('Add a column'));
  expect(screen.getAllByRole('region', { name: /^Column/ }).length).toBe(3);
  await expectAccessible();
});

it('stops every side at once and keeps what was said', async () => {
  const { user, knobs } = await open({ at: 'models/playground' });
  knobs.pace = 60;
  await user.type(await screen.findByRole('textbox', { name: 'Prompt' }, slow), 'Hello');
  await user.click(await button('Ask'));
  await screen.findAllByText(/Breakfast/, {}, slow);
  await user.click(await button('Stop'));
  await expect.poll(() => screen.queryAllByText('Stopped').length, slow).toBe(2);
  expect(screen.getAllByText(/Breakfast/).length).toBeGreaterThan(0);
});

it('shows a refusal on its own side only', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.chat_send = refusal('memory_short', 'This needs about 4 GB of memory.', false);
  const { user } = await open({ at: 'models/playground', fake });
  await user.type(await screen.findByRole('textbox', { name: 'Prompt' }, slow), 'Hello{Enter}');
  await expect.poll(() => screen.queryAllByText('Code: memory_short').length, slow).toBe(2);
});

it('deploys by plan, shows the key only when asked, copies addresses, and deletes after naming the loss', async () => {
  const { user, sent, copied } = await open({ at: 'models/deployments' });
  await user.click(await button('Show key'));
  await user.click(await button('Copy API key'));
  await user.click(await button('Copy OpenAI-compatible address'));
  expect(copied).toEqual(['sk-local-5d41402abc4b2a76b9719d911017c592', 'http://127.0.0.1:41873/compatible-mode/v1']);
  await user.click(await button('Hide key'));
  expect(screen.queryByText(/^sk-local/)).toBeNull();
  await user.click(await button('Deploy a model'));
  const dialog = within(await screen.findByRole('dialog', { name: 'Deploy a model' }, slow));
  await user.click(dialog.getByRole('radio', { name: /By the hour/ }));
  await user.click(dialog.getByRole('button', { name: 'Deploy' }));
  await expect.poll(() => sent('deployment_create'), slow).toEqual([{ model_name: 'gemma-3-270m-ft-202611241655-e5f6', name: '酒店客服 v2', plan: 'mu' }]);
  await user.click(await button('Delete deployment: 前台问答'));
  const asked = within(await screen.findByRole('dialog', { name: /前台问答/ }, slow));
  await user.click(asked.getByRole('button', { name: 'Delete' }));
  await expect.poll(() => sent('deployment_delete'), slow).toEqual([{ deployed_model: 'gemma-3-270m-ft-0789-d41c' }]);
});
