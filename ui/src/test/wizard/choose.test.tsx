/** @file The upload wizard as a person uses it: what a person chooses and maps, and what stops it. */
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { fakeHost, refusal } from '../fake';
import { button, expectAccessible, open } from '../render';
import { pick, disabled, step, slow } from './steps';

vi.setConfig({ testTimeout: 120_000 }); // Four steps by hand take their time where cores are busy.

it('takes a spreadsheet through all four steps, and forgets the draft at the end', async () => {
  const fake = fakeHost();
  fake.knobs.file = '/data/hotel.csv';
  const { user, sent } = await open({ at: 'datasets', fake });
  await user.click(await button('New dataset'));
  await user.click(await button('Choose a file'));
  await screen.findByRole('heading', { name: 'What hotel.csv is' }, slow);
  expect(screen.getByText('3 of 4 become rows to train on.')).toBeTruthy();
  expect(screen.getByText(/is passed over: The answer is empty\./)).toBeTruthy();
  await expectAccessible();
  await user.click(await button('Import and check'));
  await step('Check');
  expect(sent('source_import')).toEqual([{ path: '/data/hotel.csv', reading: {}, kind: 'sft', name: 'hotel', recipe: { version: 1, kind: 'sft', source: { shape: 'pair', question: '{问题}', answer: '{回答}' } } }]);
  await screen.findByText('168 of 168 rows are good', {}, slow);
  expect(sent('version_check')).toMatchObject([{ version: 1, model: 'gemma-3-270m' }]);
  await user.click(await button('Go on to privacy'));
  await step('Privacy');
  await screen.findByText('No personal data and no secrets were found.', {}, slow);
  await user.click(await button('Go on to upload'));
  await step('Upload');
  await screen.findByText('151 rows to train on, 17 to validate', {}, slow);
  await user.type(screen.getByRole('textbox', { name: 'Description (optional)' }), 'autumn');
  await user.click(await button('Divide'));
  await screen.findByText('2 files for 内置云', {}, slow);
  await expectAccessible();
  await user.click(await button('Upload'));
  await screen.findByText('2 files are in 内置云.', {}, slow);
  expect(sent('version_split')).toMatchObject([{ validation_share: 0.1, seed: 42, stratified: true }]);
  expect(sent('version_upload')).toMatchObject([{ description: 'autumn', version: 1 }, { description: 'autumn', version: 1 }]);
  expect(screen.getAllByText(/^\/data\/receipts\//).length).toBe(2);
  await waitFor(() => expect(fake.state.source.drafts).toEqual([]));
  await user.click(await button('Start a fine-tune'));
  await screen.findByRole('heading', { name: 'New fine-tune' }, slow);
  expect(fake.state.source.drafts).toEqual([]);
});

it('says why a source cannot be read, and lets another be chosen', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.source_look = refusal('file_unreadable', 'This is not a file of data.', false);
  const { user } = await open({ at: 'datasets/check/%2Fdata%2Fphoto.png', fake });
  await screen.findByText('This is not a file of data.', {}, slow);
  await expectAccessible();
  await user.click(await button('Choose another source'));
  await button('Choose a folder');
});

it('keeps the source in view when its import is refused, and tries again', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.source_import = refusal('disk_full', 'The disk is full.');
  const { user, knobs } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv', fake });
  await user.clear(await screen.findByRole('textbox', { name: 'Name of the dataset' }, slow));
  expect(await disabled('Import and check')).toBe(true);
  await user.type(screen.getByRole('textbox', { name: 'Name of the dataset' }), 'autumn');
  await user.click(await button('Import and check'));
  await screen.findByText('Code: disk_full', {}, slow);
  knobs.refuse = {};
  await user.click(await button('Try again'));
  await step('Check');
});

it('looks again when encoding or header are corrected', async () => {
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv' });
  await pick(user, 'Encoding', 'Big5');
  await waitFor(() => expect(sent('source_look').at(-1)).toEqual({ path: '/data/hotel.csv', reading: { encoding: 'Big5' } }));
  await pick(user, 'First row', 'Values');
  await waitFor(() => expect(sent('source_look').at(-1)).toEqual({ path: '/data/hotel.csv', reading: { encoding: 'Big5', header: false } }));
});

it('corrects the mapping on live rows, by column, template, kind and role', async () => {
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv' });
  await pick(user, 'Answer', 'Template of columns and words …');
  const template = screen.getByRole('textbox', { name: 'Template: Answer' });
  fireEvent.change(template, { target: { value: '{部门}：{回答?}' } });
  await screen.findByText('客服部：回答 1', {}, slow);
  await pick(user, 'Kind of rows', 'Plain texts (CPT)');
  await waitFor(() => expect(sent('source_preview').at(-1)).toMatchObject({ recipe: { kind: 'cpt', source: { shape: 'text' } } }));
  await pick(user, 'Kind of rows', 'Preferred answers (DPO)');
  await waitFor(() => expect(sent('source_preview').at(-1)).toMatchObject({ recipe: { kind: 'dpo', source: { shape: 'preference', question: '{问题}' } } }));
  expect(screen.getAllByText(/not preferred/).length).toBeGreaterThan(0);
  await user.click(await button('Back to the guess'));
  await waitFor(() => expect(screen.getAllByText('回答 1').length).toBe(2), slow);
});

it('joins a chat log by conversation, order and silence, and says who is who', async () => {
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fchat.csv' });
  await pick(user, 'Role of 小云', 'Assistant');
  await pick(user, 'Role of 客户', 'Leave out');
  await user.type(screen.getByRole('spinbutton', { name: 'A silence begins a new one (minutes)' }), '30');
  await waitFor(() => expect(sent('source_preview').at(-1)).toMatchObject({ recipe: { group: { by: ['会话'], order: '时间', gap_minutes: 30 }, roles: { 小云: 'assistant', 客户: null } } }), slow);
});

it('keeps a mapping under a name, never on the Enter of a composition, applies and deletes it', async () => {
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv' });
  await user.click(await button('Kept recipes'));
  const field = await screen.findByRole('textbox', { name: 'Keep this mapping as' }, slow);
  await user.type(field, '周报');
  fireEvent.keyDown(field, { key: 'Enter', isComposing: true });
  fireEvent.keyDown(field, { key: 'Enter', keyCode: 229 });
  expect(sent('recipe_save')).toEqual([]);
  fireEvent.keyDown(field, { key: 'Enter' });
  await button('Apply 周报');
  await expectAccessible();
  await user.click(await button('Delete 周报'));
  await user.click(await button('Delete'));
  await waitFor(() => expect(sent('recipe_delete')).toEqual([{ name: '周报' }]));
});

it('offers passages of documents, and drafts by a model instead', async () => {
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fmanual.pdf' });
  await button('Draft with a model');
  await expectAccessible();
  await user.click(await button('Cut and check'));
  await step('Check');
  expect(sent('document_import')).toEqual([{ path: '/data/manual.pdf', name: 'manual', max_chars: 800 }]);
});

it('takes the rows of a query, with a mapping that was corrected, and says why an import was refused', async () => {
  const { user, knobs, sent } = await open({ at: 'datasets/new' });
  await user.click(await button('From a database'));
  await user.click(await button('Connect: Front desk'));
  await user.click(await button('Write the query for public.faq'));
  await user.click(await button('Show the first rows'));
  await pick(user, 'Kind of rows', /CPT/);
  await waitFor(() => expect(sent('database_preview')).toHaveLength(1), slow);
  expect(await disabled('Import and check')).toBe(true);
  fireEvent.change(await screen.findByRole('textbox', { name: 'Name of the dataset' }, slow), { target: { value: 'desk' } });
  knobs.refuse.database_import = refusal('source_lost', 'The connection to the server was lost.');
  await user.click(await button('Import and check'));
  await screen.findByText('The connection to the server was lost.', {}, slow);
  delete knobs.refuse.database_import;
  await user.click(await button('Try again'));
  await step('Check');
  expect(sent('database_import').at(-1)).toMatchObject({ id: 'db-1', name: 'desk', recipe: { kind: 'cpt' } });
  await expectAccessible();
});
