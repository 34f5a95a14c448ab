/** @file Datasets and fine-tunes as a person uses them: choose, read, correct, upload; launch, watch, cancel, delete. */
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import { joined } from '../features/finetunes/watch';
import { fakeHost } from './fake';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 8000 };

it('goes on with an upload that was left, or discards what arrived of it', async () => {
  const fake = fakeHost();
  const left = (id: string, name: string) => ({ upload_id: id, name, path: `/data/${name}`, kind: 'dpo' as const, description: 'spring', bytes: 400_000_000, arrived: 150_000_000, begun_at: '2026-11-24T09:00:00Z' });
  fake.state.uploads = [left('u-1', 'pairs.jsonl'), left('u-2', 'old.jsonl')];
  const { user, sent } = await open({ at: 'datasets', fake });
  await screen.findByText('Unfinished uploads', {}, slow);
  await expectAccessible();
  await user.click(await button('Discard old.jsonl'));
  await user.click(await button('Discard'));
  await waitFor(() => expect(sent('upload_discard')).toEqual([{ upload_id: 'u-2' }]));
  await waitFor(() => expect(screen.queryByText('/data/old.jsonl')).toBeNull());
  await user.click(await button('Continue the upload'));
  await screen.findByText('“pairs.jsonl” is uploaded.', {}, slow);
  expect(sent('dataset_upload')).toEqual([{ path: '/data/pairs.jsonl', description: 'spring', kind: 'dpo' }]);
  await waitFor(() => expect(screen.queryByText('Unfinished uploads')).toBeNull());
});

it('keeps the pace of uploads, and takes hours only as a pair', async () => {
  const { user, sent } = await open({ at: 'settings' });
  const rate = await screen.findByRole('spinbutton', { name: 'Upload speed' }, slow);
  await user.type(rate, '500{Enter}');
  await waitFor(() => expect(sent('settings_set').at(-1)).toMatchObject({ upload_bytes_per_second: 500_000 }));
  const asked = sent('settings_set').length;
  fireEvent.change(screen.getByLabelText('Uploads from'), { target: { value: '22:00' } });
  expect(sent('settings_set').slice(asked).some((one) => (one as { upload_hours: string }).upload_hours !== '')).toBe(false);
  fireEvent.change(screen.getByLabelText('Uploads until'), { target: { value: '06:00' } });
  await waitFor(() => expect(sent('settings_set').at(-1)).toMatchObject({ upload_hours: '22:00-06:00' }));
  await user.click(await button('Any time'));
  await waitFor(() => expect(sent('settings_set').at(-1)).toMatchObject({ upload_hours: '' }));
});

it('names what a deletion loses, and does nothing until that is confirmed', async () => {
  const { user, sent } = await open({ at: 'datasets' });
  await user.click(await button('Delete hotel-customer-service.jsonl'));
  const dialog = await screen.findByRole('dialog', {}, slow);
  expect(dialog.textContent).toContain('187.3 kB');
  await expectAccessible();
  await user.click(within(dialog).getByRole('button', { name: 'Keep' }));
  expect(sent('dataset_delete')).toEqual([]);
  await user.click(await button('Delete hotel-customer-service.jsonl'));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(sent('dataset_delete')).toEqual([{ id: 'file-5f2c9a1e7b' }]));
  await expect.poll(() => screen.queryByText('hotel-customer-service.jsonl')).toBeNull();
});

it('launches from one page whose button names what is missing', async () => {
  const { user, sent } = await open({ at: 'finetunes/new' });
  await user.click(await button('Choose a dataset'));
  const data = await screen.findByRole('checkbox', { name: /hotel-customer-service/ }, slow);
  expect(document.activeElement).toBe(data);
  await user.click(data);
  await screen.findByText('CN¥0.0359 – CN¥0.03797', {}, slow);
  expect(screen.getByText('7 min – 9 min')).toBeTruthy();
  await user.type(screen.getByRole('textbox', { name: 'Name' }), 'v4');
  await user.click(await button('Start fine-tune'));
  await expect.poll(() => sent('tune_start').length).toBe(1);
  expect(sent('tune_start')[0]).toMatchObject({ model: 'gemma-3-270m', dataset_ids: ['file-5f2c9a1e7b'], name: 'v4', hyper_parameters: { n_epochs: 6, learning_rate: 0.0006 } });
  await screen.findByRole('heading', { name: /^v4/ }, slow);
});

it('shows the licence before a base model is used for the first time', async () => {
  const { user, sent } = await open({ at: 'finetunes/new' });
  await user.click(await screen.findByRole('radio', { name: /Qwen2.5 0.5B/ }, slow));
  await user.click(await button('Prepare the base model'));
  const dialog = await screen.findByRole('dialog', { name: 'Apache License 2.0' }, slow);
  expect(sent('catalog_prepare')).toEqual([]);
  await within(dialog).findByText(/TERMS AND CONDITIONS/, {}, slow);
  await expectAccessible();
  await user.click(within(dialog).getByRole('button', { name: 'Accept and prepare' }));
  await expect.poll(() => sent('catalog_prepare'), slow).toEqual([{ model: 'qwen2.5-0.5b-instruct' }]);
  expect(sent('licence_accept')).toEqual([{ model: 'qwen2.5-0.5b-instruct' }]);
  await button('Choose a dataset');
});

it('follows a running fine-tune live, and cancels it after naming the loss', async () => {
  const { user, sent } = await open({ at: 'finetunes/ft-202611250912-a1b2' });
  await expect.poll(() => document.querySelector('.figure-value')?.textContent, slow).toMatch(/^50/);
  await user.click(screen.getAllByRole('radio', { name: 'Table' })[0] as HTMLElement);
  await expect.poll(() => screen.queryAllByRole('row').length, slow).toBeGreaterThan(40);
  await user.click(await button('Cancel fine-tune'));
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('18,240 tokens');
  await user.click(within(dialog).getByRole('button', { name: 'Cancel fine-tune' }));
  await expect.poll(() => sent('tune_cancel').length).toBe(1);
  await screen.findByText('Cancelled', {}, slow);
});

it('explains a failure, and warns that a model not taken home goes with its fine-tune', async () => {
  const { user } = await open({ at: 'finetunes/ft-202611230801-9abc' });
  await screen.findByText(/no longer a number at step 31/, {}, slow);
  act(() => { location.hash = '/finetunes/ft-202611241655-e5f6'; });
  await screen.findByRole('heading', { name: /酒店客服 v2/ }, slow);
  await user.click(await button('Delete'));
  expect((await screen.findByRole('dialog')).textContent).toContain('it is lost too');
});

it('counts a step that was recorded and streamed once', () => {
  const metric = (step: number, loss: number) => ({ step, loss, epoch: 0, learning_rate: 0, tokens: 0, tokens_per_second: 0 });
  expect(joined([metric(2, 1), metric(1, 2)], [metric(2, 0.9), metric(3, 0.8)]).map((one) => [one.step, one.loss])).toEqual([[1, 2], [2, 0.9], [3, 0.8]]);
});
