/** @file The upload wizard as a person uses it: the upload, drafts that come back, and what stops them. */
import { act, screen, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { Draft } from '../../api/generated/types';
import { fakeHost, refusal } from '../fake';
import { button, expectAccessible, open } from '../render';
import { pick, step, imported, slow } from './steps';

vi.setConfig({ testTimeout: 120_000 }); // Four steps by hand take their time where cores are busy.

/** At the last step, with one file to send. */
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
  await screen.findByText('138****5678', {}, slow);
  await pick(user, 'What is done with: mobile number', 'Pseudonym');
  await waitFor(() => expect(before.state.source.drafts[0]?.content).toContain('"mobile":"pseudonym"'), slow);
  unmount();
  const after = fakeHost(structuredClone(before.state));
  const next = await open({ at: 'datasets', fake: after });
  await screen.findByText(/Step 3: Privacy/, {}, slow);
  await expectAccessible();
  await next.user.click(await button('Continue with private'));
  await step('Privacy');
  await screen.findByText('The same stand-in for the same original', {}, slow);
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
