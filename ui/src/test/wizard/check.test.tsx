/** @file The upload wizard as a person uses it: what is found is fixed, masked or kept, and what stops it. */
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { fakeHost, refusal } from '../fake';
import { button, expectAccessible, open } from '../render';
import { pick, disabled, reason, step, imported, slow } from './steps';

vi.setConfig({ testTimeout: 120_000 }); // Four steps by hand take their time where cores are busy.

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
  fake.knobs.pace = 0;
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

it('masks what was found and shows the signed report', async () => {
  const { user, sent } = await imported('/data/private.csv');
  await user.click(await button('Go on to privacy'));
  await step('Privacy');
  await screen.findByText('138****5678', {}, slow);
  expect(await reason('Go on to upload')).toContain('Mask the finds');
  await expectAccessible();
  await pick(user, 'What is done with: mobile number', 'Pseudonym');
  await user.click(await button('Add a rule'));
  await user.type(await screen.findByRole('textbox', { name: 'Name' }, slow), 'contracts');
  await user.click(screen.getByRole('radio', { name: 'Pattern' }));
  fireEvent.change(screen.getByRole('textbox', { name: 'Pattern' }), { target: { value: 'HT-\\d{8}' } });
  await user.click(await button('Add'));
  await waitFor(() => expect(sent('mask_preview').at(-1)).toMatchObject({ plan: { ways: { mobile: 'pseudonym', vendor_key: 'remove' }, own: [{ pattern: { name: 'contracts', pattern: 'HT-\\d{8}' } }] } }), slow);
  await expect.poll(() => disabled('Mask into a new version')).toBe(false);
  await user.click(await button('Mask into a new version'));
  await screen.findByText('What was done, signed', {}, slow);
  expect(screen.getByText(/-2\.privacy\.json$/)).toBeTruthy();
  expect(await disabled('Go on to upload')).toBe(false);
});

it('lets finds be kept only by a yes that names them', async () => {
  const { user } = await imported('/data/private.csv');
  await user.click(await button('Go on to privacy'));
  const yes = await screen.findByRole('checkbox', { name: /Upload 28 finds as they are/ }, slow);
  expect(yes.closest('label')?.textContent).toContain('key 2, mobile number 26');
  expect(await disabled('Go on to upload')).toBe(true);
  await user.click(yes);
  expect(await disabled('Go on to upload')).toBe(false);
});

it('asks for a yes when the mask itself keeps a kind, and says why masking was refused', async () => {
  const { user, knobs } = await imported('/data/private.csv');
  await user.click(await button('Go on to privacy'));
  await pick(user, 'What is done with: mobile number', 'Keep');
  knobs.refuse.version_mask = refusal('disk_full', 'The disk is full.');
  await expect.poll(() => disabled('Mask into a new version')).toBe(false);
  await user.click(await button('Mask into a new version'));
  await screen.findByText('Code: disk_full', {}, slow);
  knobs.refuse = {};
  await user.click(await button('Try again'));
  await screen.findByText('What was done, signed', {}, slow);
  expect(await reason('Go on to upload')).toContain('Say that the kept finds');
  await user.click(screen.getByRole('checkbox', { name: /Upload 26 finds as they are/ }));
  expect(await disabled('Go on to upload')).toBe(false);
});
