/** @file A local data set's page as a person uses it: a million rows, findings, fixes, masking, versions, dividing, deleting. */
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { cutAt, partOf } from '../features/datasets/parts/place';
import type * as T from '../api/generated/types';
import { fakeHost, freshState, refusal } from './fake';
import { local, rowOf } from './library';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 8000 };
const at = (rest = '') => `datasets/${local}${rest}`;
const list = () => screen.findByRole('listbox', { name: /^Rows, / }, slow);
const chosen = () => within(screen.getByRole('region', { name: 'The chosen row' }));
const pages = (sent: unknown[]) => (sent as T.RowsRequest[]).map((one) => one.from / 100);

describe('a million rows', () => {
  it('draws a few and asks for a few pages', async () => {
    const { sent, user } = await open({ at: at('/1') });
    const box = await list();
    await chosen().findByText('早餐几点开始？ (0)', {}, slow);
    expect(within(box).getAllByRole('option').length).toBeLessThan(20);
    expect(within(box).getAllByRole('option')[0]?.getAttribute('aria-setsize')).toBe('1000000');
    expect(pages(sent('version_rows')).sort()).toEqual([0, 1]);
    box.focus();
    await user.keyboard('{End}');
    await chosen().findByText(/\(999999\)/, {}, slow);
    expect(pages(sent('version_rows')).sort((a, b) => a - b)).toEqual([0, 1, 9998, 9999]);
    expect(box.querySelectorAll('*').length).toBeLessThan(200);
  });

  it('never is taller than a browser can draw, and still reaches every row', async () => {
    const { user } = await open({ at: at('/1') });
    const box = await list();
    await chosen().findByText(/\(0\)/, {}, slow);
    const space = box.firstElementChild as HTMLElement;
    expect(parseInt(space.style.height, 10)).toBeLessThan(10_000_000);
    box.scrollTop = (8_000_000 - 320) / 2;
    fireEvent.scroll(box);
    await waitFor(() => expect(within(box).getAllByRole('option')[0]?.getAttribute('aria-posinset')).toBe('499998'));
    fireEvent.wheel(box, { deltaY: 54 });
    await waitFor(() => expect(within(box).getAllByRole('option')[0]?.getAttribute('aria-posinset')).toBe('499999'));
    box.focus();
    await user.keyboard('{End}');
    await waitFor(() => expect(within(box).getAllByRole('option').at(-1)?.getAttribute('aria-posinset')).toBe('1000000'));
  });

  it('asks for nothing that is only scrolled past', async () => {
    const { sent } = await open({ at: at('/1') });
    const box = await list();
    await chosen().findByText(/\(0\)/, {}, slow);
    for (let step = 1; step <= 40; step += 1) { box.scrollTop = step * 100_000; fireEvent.scroll(box); }
    await waitFor(() => expect(pages(sent('version_rows')).length).toBeGreaterThan(2), slow);
    await waitFor(() => expect(within(box).getAllByText(/\(50\d{4}\)/).length).toBeGreaterThan(3), slow);
    expect(pages(sent('version_rows')).length).toBeLessThan(8);
  });

  it('moves by the keyboard, one row and one view at a time', async () => {
    const { user } = await open({ at: at('/1') });
    const box = await list();
    await chosen().findByText(/\(0\)/, {}, slow);
    box.focus();
    await user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
    expect(chosen().getByText(/\(1\)/)).toBeTruthy();
    expect(document.getElementById(box.getAttribute('aria-activedescendant') ?? '')?.getAttribute('aria-posinset')).toBe('2');
    await user.keyboard('{PageDown}');
    await chosen().findByText(/\(5\)/, {}, slow);
    await user.keyboard('{PageUp}{Home}');
    await chosen().findByText(/\(0\)/, {}, slow);
    await user.click(within(box).getAllByRole('option')[3] as HTMLElement);
    await chosen().findByText(/\(3\)/, {}, slow);
  });

  it('goes to a line and to a row, and back to the same one', async () => {
    const { user, sent } = await open({ at: at('/1') });
    await list();
    const field = screen.getByRole('spinbutton', { name: 'Go to' });
    await user.type(field, '700000{Enter}');
    await chosen().findByText(/\(699998\)/, {}, slow);
    expect(sent('row_find')).toEqual([{ dataset: local, version: 1, line: 700000 }]);
    expect(chosen().getByText('Line 700,000')).toBeTruthy();
    fireEvent.mouseDown(screen.getByRole('combobox', { name: 'Go by' }));
    await user.click(await screen.findByText('Row', { selector: '.ant-select-item-option-content' }, slow));
    await user.clear(field);
    await user.type(field, '43{Enter}');
    await chosen().findByText('Cannot be read', {}, slow);
    expect(chosen().getByText(/"role":"user","content":"第 43 行"/)).toBeTruthy();
  });

  it('says when pages cannot be read, and reads them again', async () => {
    const fake = fakeHost();
    fake.knobs.refuse.version_rows = refusal('file_changed', 'The file of this version was changed.');
    const { user } = await open({ at: at('/1'), fake });
    await screen.findByText('The file of this version was changed.', {}, slow);
    delete fake.knobs.refuse.version_rows;
    await user.click(await button('Try again'));
    await chosen().findByText(/\(0\)/, {}, slow);
  });

  it('shows where a generated row came from and which answer was not preferred', async () => {
    await open({ at: at('/1/8') });
    await list();
    await chosen().findByText(/Drafted by gemma-3-270m/, {}, slow);
    expect(chosen().getByText('Generated')).toBeTruthy();
    location.hash = `/${at('/1/6')}`;
    await waitFor(() => chosen().getByText('不知道。'), slow);
    expect(chosen().getByText('Answer not preferred')).toBeTruthy();
  });
});

it('finds the place of a finding in its text', () => {
  expect(cutAt('请打 13812341234 找我', 4)).toEqual({ before: '请打 ', marked: '13812341234', after: ' 找我' });
  expect(cutAt('a\u0007b', 2)).toEqual({ before: 'a', marked: 'U+0007', after: 'b' });
  expect(cutAt('𠮷a', 2)).toEqual({ before: '𠮷', marked: 'a', after: '' });
  expect([cutAt('ab', 0), cutAt('ab', 3)]).toEqual([null, null]);
  const row = rowOf(5);
  expect([partOf(row, 'messages[1].content'), partOf(row, 'rejected.content'), partOf(row, 'chosen.content'), partOf(row, '')]).toEqual([1, 'rejected', row.messages.length - 1, null]);
});

it('leads from a finding to its row, with the place marked', async () => {
  const { user } = await open({ at: at('/1/findings') });
  const found = within(await screen.findByRole('region', { name: 'Findings' }, slow));
  await user.click((await found.findAllByRole('button', { name: 'Show the row on line 2' }, slow))[0] as HTMLElement);
  await chosen().findByText('Line 2', {}, slow);
  expect(location.hash).toBe(`#/${at('/1/2')}`);
  await waitFor(() => expect(document.querySelector('.browser-row mark')?.textContent).toBe('here'));
  expect(chosen().getByRole('list', { name: 'Findings' })).toBeTruthy();
});

it('fixes chosen kinds as a new version, after a look at before and after', async () => {
  const { user, sent } = await open({ at: at('/1/findings') });
  await user.click(await screen.findByRole('checkbox', { name: /A text holds a control character/ }, slow));
  await user.click(await button('Fix 1 kind …'));
  const dialog = within(await screen.findByRole('dialog', {}, slow));
  await dialog.findByText('In the part looked at, 312 rows change and 0 are left out; the whole file is worked through when you start.', {}, slow);
  expect(dialog.getByRole('region', { name: 'Before and after' }).querySelector('del')).toBeTruthy();
  await user.click(dialog.getByRole('checkbox', { name: 'Leave out rows that still have an error' }));
  await dialog.findByText(/1,002 are left out/, {}, slow);
  await user.click(dialog.getByRole('button', { name: 'Make the new version' }));
  await screen.findByText(/Version 4 of “酒店客服” is made: 998,998 rows\./, {}, slow);
  expect(sent('version_fix')).toEqual([{ dataset: local, version: 1, codes: ['control_character'], drop_bad: true, lines: [] }]);
  await user.click(await button('Open version 4'));
  await waitFor(() => expect(location.hash).toBe(`#/${at('/4')}`));
});

it('checks a version that was never checked, with a model to count tokens by', async () => {
  const state = freshState();
  state.library.checkedVersions = [];
  const { user, sent } = await open({ at: at('/2/charts'), fake: fakeHost(state) });
  await screen.findByText('Version 2 is not checked yet', {}, slow);
  await expectAccessible();
  fireEvent.mouseDown(screen.getByRole('combobox', { name: 'Count tokens for' }));
  await user.click(await screen.findByText('Qwen3', { selector: '.ant-select-item-option-content' }, slow));
  await user.type(screen.getByRole('spinbutton', { name: 'Longest row' }), '2048');
  await user.click(await button('Start check'));
  await screen.findByRole('img', { name: /^Characters a row: 6 bars/ }, slow);
  expect(sent('version_check')).toEqual([{ dataset: local, version: 2, held: [], model: 'qwen3', max_length: 2048 }]);
});

it('cancels a check, says when one fails, and lets the page be left meanwhile', async () => {
  const fake = fakeHost();
  fake.knobs.pace = 100_000;
  const { user } = await open({ at: at('/2/findings'), fake });
  await user.click(await button('Start check'));
  await button('Cancel task “Checking every row”');
  location.hash = '/usage';
  await screen.findByRole('heading', { name: 'Usage & bills' }, slow);
  location.hash = `/${at('/2/findings')}`;
  await user.click(await button('Cancel task “Checking every row”'));
  await screen.findByText('Version 2 is not checked yet', {}, slow);
  fake.knobs.pace = 0;
  fake.knobs.refuse.version_check = refusal('disk_full', 'The disk is full.');
  await user.click(await button('Start check'));
  await screen.findByText('The disk is full.', {}, slow);
});

it('draws distributions and has each as a table', async () => {
  const { user } = await open({ at: at('/1/charts') });
  await screen.findByRole('img', { name: 'Languages: 3 bars, 1,000,000 in all' }, slow);
  const section = screen.getByRole('region', { name: 'Languages' });
  await user.click(within(section).getByRole('radio', { name: 'Table' }));
  const table = within(await within(section).findByRole('table'));
  expect(table.getByRole('row', { name: 'Chinese 600,000 60%' })).toBeTruthy();
  expect(screen.queryByRole('region', { name: 'Short answers' })).toBeNull();
});

it('masks by chosen ways and rules of one’s own, and a refused rule can be taken back', async () => {
  const fake = fakeHost();
  const { user, sent } = await open({ at: at('/1/privacy'), fake });
  const ways = within(await screen.findByRole('list', { name: 'Kinds that were found' }, slow));
  expect(ways.getByText('mobile number')).toBeTruthy();
  fake.knobs.refuse.mask_preview = refusal('pattern_invalid', 'The pattern of “Order” ends too early.', false);
  fireEvent.mouseDown(screen.getByRole('combobox', { name: 'Kind of rule' }));
  await user.click(await screen.findByText('Pattern', { selector: '.ant-select-item-option-content' }, slow));
  await user.type(screen.getByRole('textbox', { name: 'Name of the rule' }), 'Order');
  await user.type(screen.getByRole('textbox', { name: 'Regular expression' }), 'HX-(');
  await user.click(await button('Add'));
  await screen.findByText('The pattern of “Order” ends too early.', {}, slow);
  expect((await button('Mask as a new version') as HTMLButtonElement).disabled).toBe(true);
  delete fake.knobs.refuse.mask_preview;
  await user.click(await button('Remove rule “Order”'));
  await waitFor(async () => expect((await button('Mask as a new version') as HTMLButtonElement).disabled).toBe(false));
  await user.click(await button('Mask as a new version'));
  await user.click(await button('Open version 4'));
  await screen.findByRole('region', { name: 'Signed privacy report' }, slow);
  expect(screen.getByRole('row', { name: 'mobile number 2,107 Mask 2,107' })).toBeTruthy();
  expect(sent('version_mask')).toMatchObject([{ dataset: local, version: 1, plan: { own: [] } }]);
});

it('compares two versions, shows texts side by side, and more of them when asked', async () => {
  const { user, sent } = await open({ at: at('/3/versions') });
  await user.click((await screen.findAllByRole('button', { name: 'Compare' }, slow)).at(-1) as HTMLElement);
  const region = within(screen.getByRole('region', { name: 'Difference of two versions' }));
  await region.findByText('25 of 3,708 are shown.', {}, slow);
  expect(region.getAllByText('User: 我的手机是 138****5678，请回电。', { exact: false }).length).toBeGreaterThan(0);
  await user.click(region.getByRole('button', { name: 'Show more' }));
  await region.findByText('50 of 3,708 are shown.');
  expect(sent('version_diff')).toEqual([{ older: { dataset: local, version: 2 }, newer: { dataset: local, version: 3 } }]);
});

it('says where a data set came from and what became of it', async () => {
  await open({ at: at('/3/versions') });
  const tree = within(await screen.findByRole('region', { name: 'Lineage' }, slow));
  expect(tree.getByText('/data/user/exports/客服记录 2026.xlsx')).toBeTruthy();
  expect(tree.getByRole('link', { name: '酒店客服-validation' }).getAttribute('href')).toBe('#/datasets/ds-valid/1');
  expect(tree.getByText('file-5f2c9a1e7b.json')).toBeTruthy();
  location.hash = '/datasets/ds-valid/1/versions';
  expect((await screen.findByRole('link', { name: '酒店客服 · Version 3' }, slow)).getAttribute('href')).toBe(`#/${at('/3')}`);
});

const chooser = (user: Awaited<ReturnType<typeof open>>['user']) => async (name: string) => { await user.click(await button('Change or divide')); await user.click(await screen.findByRole('menuitem', { name }, slow)); };

it('splits, with links to what was made', async () => {
  const { user, sent } = await open({ at: at('/3/versions') });
  const choose = chooser(user);
  await choose('Split');
  const share = await screen.findByRole('spinbutton', { name: 'For validation' }, slow);
  await user.clear(share);
  await user.type(share, '20');
  await user.tab();
  await screen.findByText('About 799,530 rows to train, 199,882 to validate', {}, slow);
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Split' }));
  await screen.findByText('Dataset “酒店客服-train” is made: 799,530 rows.', {}, slow);
  expect(sent('version_split')).toEqual([{ dataset: local, version: 3, validation_share: 0.2, seed: 42, stratified: true }]);
});

it('draws a sample, and removes duplicates', async () => {
  const { user, sent } = await open({ at: at('/3/versions') });
  const choose = chooser(user);
  await choose('Draw a sample');
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Draw a sample' }));
  await button('Open “酒店客服-sample”');
  await choose('Remove duplicates');
  await user.click(await screen.findByRole('radio', { name: /^Equal rows only/ }, slow));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove duplicates' }));
  await screen.findByText('886 rows were left out.', {}, slow);
  expect(sent('version_dedup')).toEqual([{ dataset: local, version: 3, threshold: 2, one_answer: false, held: [] }]);
});

it('exports to a place of the user’s, renames, and deletes after naming what is lost', async () => {
  const fake = fakeHost();
  const { user, sent } = await open({ at: at('/1/charts'), fake });
  const choose = chooser(user);
  await choose('Export …');
  expect(sent('version_export')).toEqual([]);
  fake.knobs.saveAs = '/data/out.jsonl';
  await choose('Export …');
  await screen.findByText('Exported to /data/out.jsonl.', {}, slow);
  expect(sent('version_export')).toEqual([{ dataset: local, version: 1, path: '/data/out.jsonl' }]);
  await user.click(await button('Rename'));
  const field = await screen.findByRole('textbox', { name: 'Name' }, slow);
  fireEvent.keyDown(field, { key: 'Enter', keyCode: 229, isComposing: true });
  expect(sent('library_rename')).toEqual([]);
  await user.clear(field);
  await user.type(field, '前台{Enter}');
  await screen.findByRole('heading', { name: /前台/ }, slow);
  await choose('Delete …');
  const dialog = within(await screen.findByRole('dialog'));
  expect(dialog.getByText(/All 3 versions \(2.4 GB\)/)).toBeTruthy();
  expect(dialog.getByText('What was uploaded to 内置云 stays there.')).toBeTruthy();
  expect(dialog.getByText('3 datasets that were made from it stay.')).toBeTruthy();
  await user.click(dialog.getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(location.hash).toBe('#/datasets'));
});

it('switches versions, and says when there is none of that number or no such data set', async () => {
  const { user } = await open({ at: at() });
  fireEvent.mouseDown(await screen.findByRole('combobox', { name: 'Version' }, slow));
  await user.click(await screen.findByText('Version 1 · Imported', { selector: '.ant-select-item-option-content' }, slow));
  await waitFor(() => expect(location.hash).toBe(`#/${at('/1/rows')}`));
  location.hash = `/${at('/9')}`;
  await screen.findByText('This dataset has no version 9', {}, slow);
  location.hash = '/datasets/ds-none';
  await screen.findByText('There is no such data set on this computer.', {}, slow);
});
