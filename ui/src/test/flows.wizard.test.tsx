/** @file The upload wizard as a person uses it: each step's way on, and what stops it. */
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import type { UserEvent } from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { Draft } from '../api/generated/types';
import { fakeHost, refusal } from './fake';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 20000 };
vi.setConfig({ testTimeout: 120_000 }); // Four steps by hand take their time where cores are busy.

/** Chooses an option of a select by its words. */
async function pick(user: UserEvent, field: string | RegExp, option: string | RegExp) {
  await user.click(await screen.findByRole('combobox', { name: field }, slow));
  const found = await screen.findAllByText(option, { selector: '.ant-select-item-option-content, .ant-select-item-option-content *' }, slow);
  await user.click(found.at(-1) as HTMLElement);
}

const disabled = async (name: string | RegExp) => ((await button(name)) as HTMLButtonElement).disabled;
const reason = async (name: string) => document.getElementById((await button(name)).getAttribute('aria-describedby') ?? '')?.textContent ?? '';
const step = (name: string) => screen.findByRole('heading', { name: new RegExp(`^Step \\d of 4: ${name}`) }, slow);

/** From a file to the check of its first version. */
async function imported(file: string, fake = fakeHost()) {
  const opened = await open({ at: 'usage', fake });
  act(() => fake.drop(file));
  await opened.user.click(await button('Import and check'));
  await step('Check');
  await screen.findByText(/rows are good/, {}, slow);
  return opened;
}

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

it('takes a dropped file from any page, lists its findings without drawing them all, and stops while errors are left', async () => {
  const { user, sent } = await imported('/data/bad rows.csv');
  await screen.findByText('154 of 168 rows are good', {}, slow);
  expect(await disabled('Go on to privacy')).toBe(true);
  expect(await reason('Go on to privacy')).toContain('415 errors are left');
  await user.click(await button('List the findings “Turns do not alternate”'));
  const list = within(await screen.findByRole('region', { name: 'Findings' }, slow));
  const drawn = await list.findAllByRole('listitem', {}, slow);
  expect(drawn.length).toBeLessThan(60);
  expect(drawn[0]?.getAttribute('aria-setsize')).toBe('414');
  await expectAccessible();
  await user.click(screen.getAllByRole('button', { name: /^Show the row on line/ })[0] as HTMLElement);
  await screen.findByRole('dialog', {}, slow);
  await screen.findByText('第 2 个问题', {}, slow);
  await user.click(await button('Close'));
  await user.click(screen.getByRole('tab', { name: /^Kinds/ }));
  // Errors that have a fix are ticked from the beginning; the rest is left out by an explicit tick.
  await user.click(screen.getByRole('checkbox', { name: /Leave out 14 rows/ }));
  await user.click(await button('Preview'));
  await screen.findByRole('region', { name: 'Rows that change' }, slow);
  await user.click(await button('Fix 1 kind'));
  await screen.findByText(/^Version 2, checked/, {}, slow);
  expect(sent('version_fix')).toMatchObject([{ version: 1, codes: ['file_bom'], drop_bad: true }]);
  expect(sent('version_check')).toMatchObject([{ version: 1 }, { version: 2 }]);
  expect(await disabled('Go on to privacy')).toBe(false);
  await user.click(await button('Remove duplicates'));
  await screen.findByText(/^Version 3, checked/, {}, slow);
  expect(sent('version_dedup')).toMatchObject([{ version: 2, threshold: 0.9, one_answer: true }]);
});

it('waits for a check that was cancelled until it is asked for', async () => {
  const fake = fakeHost();
  const { user, sent } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv', fake });
  const start = await button('Import and check');
  fake.knobs.hang.add('version_check');
  await user.click(start);
  await step('Check');
  await user.click(await button('Cancel'));
  expect(await reason('Go on to privacy')).toBe('Check it first.');
  fake.knobs.hang.clear();
  await user.click(await button('Check'));
  await screen.findByText('168 of 168 rows are good', {}, slow);
  expect(sent('version_check').length).toBe(2);
});

it('lets finds be kept only by a yes that names them', async () => {
  const { user } = await imported('/data/private.csv');
  await user.click(await button('Go on to privacy'));
  const yes = await screen.findByRole('checkbox', { name: /Upload 28 finds as they are/ }, slow);
  expect(yes.closest('label')?.textContent).toContain('A key of a vendor 2, A mobile number 26');
  expect(await disabled('Go on to upload')).toBe(true);
  await user.click(yes);
  expect(await disabled('Go on to upload')).toBe(false);
});

async function ready(fake = fakeHost()) {
  const opened = await imported('/data/hotel.csv', fake);
  const { user } = opened;
  await user.click(await button('Go on to privacy'));
  await user.click(await button('Go on to upload'));
  await user.click(await screen.findByRole('switch', { name: 'Hold rows back for validation' }, slow));
  await user.click(await button('Prepare the upload'));
  await screen.findByText('1 file for 内置云', {}, slow);
  return opened;
}

it('says why an upload was refused, goes on where it was left, and can be cancelled', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.version_upload = refusal('cloud_busy', 'The cloud is busy. Try again in a moment.');
  const { user, knobs, sent } = await ready(fake);
  await user.click(await button('Upload'));
  await screen.findByText('Code: cloud_busy', {}, slow);
  knobs.refuse = {};
  knobs.pace = 100000;
  await user.click(await button('Try again'));
  await user.click(await button('Cancel'));
  knobs.pace = 0;
  await user.click(await button(/^(Upload|Continue the upload)$/));
  await screen.findByText('1 file is in 内置云.', {}, slow);
  expect(sent('version_upload').length).toBe(3);
});

it('goes on with an upload when its page is left, and finds it again', async () => {
  const { user, knobs } = await ready();
  knobs.pace = 100000;
  await user.click(await button('Upload'));
  await screen.findByText('Working …', {}, slow);
  const at = location.hash;
  await user.click(screen.getByRole('link', { name: 'Settings' }));
  await screen.findByRole('heading', { name: 'Settings' }, slow);
  act(() => { location.hash = at; });
  await screen.findByText('Working …', {}, slow);
});

it('divides into several files what the cloud would not take as one', async () => {
  const fake = fakeHost();
  fake.state.source.limit = 100_000;
  const { user, sent } = await imported('/data/hotel.csv', fake);
  await user.click(await button('Go on to privacy'));
  await user.click(await button('Go on to upload'));
  await user.click(await screen.findByRole('switch', { name: 'Hold rows back for validation' }, slow));
  await screen.findByText(/It is larger than 100 kB and becomes 2 files/, {}, slow);
  await user.click(await button('Divide'));
  await screen.findByText('2 files for 内置云', {}, slow);
  expect(sent('version_split')).toMatchObject([{ validation_share: 0 }]);
});

it('comes back after a restart where it was left, and discards on request', async () => {
  const before = fakeHost();
  const { user, unmount } = await imported('/data/private.csv', before);
  await user.click(await button('Go on to privacy'));
  await user.click(await screen.findByRole('checkbox', { name: /Upload 28 finds/ }, slow));
  await waitFor(() => expect(before.state.source.drafts[0]?.content).toContain('"keptFinds":1'), slow);
  unmount();
  const after = fakeHost(structuredClone(before.state));
  const next = await open({ at: 'datasets', fake: after });
  await screen.findByText(/Step 3: Privacy/, {}, slow);
  await expectAccessible();
  await next.user.click(await button('Continue with private'));
  await step('Privacy');
  expect((screen.getByRole('checkbox', { name: /Upload 28 finds/ }) as HTMLInputElement).checked).toBe(true);
  await next.user.click(await button('Back'));
  await step('Check');
  await next.user.click(screen.getByRole('link', { name: 'Datasets' }));
  await next.user.click(await button('Discard the draft of private'));
  await next.user.click(await button('Discard'));
  await waitFor(() => expect(after.state.source.drafts).toEqual([]));
  await waitFor(() => expect(screen.queryByText('Unfinished drafts')).toBeNull());
});

it('ignores a draft that is not its own, and says so where a draft is gone', async () => {
  const fake = fakeHost();
  fake.state.source.drafts = [{ id: 'later', content: '{"step":"publish"}', saved_at: '2026-11-25T09:00:00Z' }] as Draft[];
  await open({ at: 'datasets/new/later', fake });
  await screen.findByText('This draft is no longer here', {}, slow);
});

it('shows that a draft could not be saved, and saves it on request', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.draft_save = refusal('disk_full', 'The disk is full.');
  const { user, knobs } = await open({ at: 'datasets/check/%2Fdata%2Fhotel.csv', fake });
  await screen.findByText('The disk is full.', {}, slow);
  knobs.refuse = {};
  await user.click(await button('Try again'));
  await screen.findByText('Draft saved', {}, slow);
});

it('works on the newest version of a local dataset from its second step', async () => {
  const { sent } = await open({ at: 'datasets/front-desk/upload' });
  await step('Check');
  await waitFor(() => expect(sent('version_check')).toMatchObject([{ dataset: 'front-desk', version: 2 }]), slow);
  await screen.findByText('18,102 of 18,102 rows are good', {}, slow);
  expect(screen.queryByRole('button', { name: 'Back' })).toBeNull();
});

it('opens the first of several dropped files and says so', async () => {
  const { drop } = await open({ at: 'overview' });
  act(() => drop('/data/a.csv', '/data/b.csv'));
  await screen.findByText(/One source at a time: “a\.csv” is opened/, {}, slow);
  await screen.findByRole('heading', { name: 'What a.csv is' }, slow);
});
