/** @file Drafts as a person uses them: let a model write, judge by key and by button, change words, keep, discard. */
import { fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { drafts as en } from '../i18n/drafts.en';
import { drafts as zh } from '../i18n/drafts.zh';
import { fakeHost, freshState, refusal } from './fake';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 20_000 };
const at = 'datasets/drafts';
const choose = async (user: Awaited<ReturnType<typeof open>>['user'], name: string, option: string | RegExp) => {
  await user.click(await screen.findByRole('combobox', { name }, slow));
  await user.click(await screen.findByText(option, { selector: '.ant-select-item-option-content' }, slow));
};

describe.each([['en', en], ['zh-CN', zh]] as const)('in %s', (lang, words) => {
  it('shows the drafts and where there are none says what to do', async () => {
    await open({ at, lang });
    await screen.findByRole('button', { name: new RegExp(words.accept) }, slow);
    expect(document.body.textContent).not.toMatch(/\{\{|\bundefined\b|\bNaN\b|\[object/);
    await expectAccessible();
  });
  it('says what to do where there are none', async () => {
    const state = freshState();
    state.proposals = [];
    await open({ at, lang, fake: fakeHost(state) });
    await screen.findByText(words.emptyText, {}, slow);
    await expectAccessible();
  });
});

it('lets a model write from a document, and shows what could not be used', async () => {
  const fake = fakeHost();
  fake.knobs.file = '/data/住客手册.pdf';
  const { user, sent } = await open({ at, fake });
  const start = await button('Start drafting');
  expect((start as HTMLButtonElement).disabled).toBe(true);
  await user.click(await button('Choose a document'));
  await screen.findByText('/data/住客手册.pdf', {}, slow);
  await choose(user, 'Who writes', /前台问答/);
  await user.type(screen.getByRole('textbox', { name: 'What else to tell the model' }), 'politely');
  await user.click(start);
  await screen.findByText('9 drafts wait to be judged.', {}, slow);
  expect(sent('proposal_draft')).toEqual([{ from: { from: 'documents', path: '/data/住客手册.pdf' }, target: { kind: 'cloud', deployed_model: 'gemma-3-270m-ft-0789-d41c' }, each: 3, limit: 50, instruction: 'politely' }]);
  await user.click(screen.getByText('1 thing could not be used'));
  await screen.findByText(/600/, {}, slow);
  await screen.findByText('押金问题 1-0？', {}, slow);
});

it('keeps what was drafted when it is cancelled', async () => {
  const fake = fakeHost();
  fake.knobs.file = '/data/a.md';
  const { user, knobs, changed } = await open({ at, fake });
  await user.click(await button('Choose a document'));
  await choose(user, 'Who writes', /前台问答/);
  knobs.pace = 100_000;
  await user.click(await button('Start drafting'));
  fake.state.proposals.push({ ...fake.state.proposals[1]!, id: '99', batch: '4', question: '已经写好的？' });
  changed(['library']);
  await user.click(await button('Cancel'));
  await screen.findByText('已经写好的？', {}, slow);
});

it('is judged by keys, but not while somebody types or composes', async () => {
  const { user, sent } = await open({ at });
  await screen.findByText('押金多少钱？', {}, slow);
  await user.keyboard('a');
  await screen.findByText('押金什么时候退？', {}, slow);
  await screen.findByText('Little of this answer is in the text. Read it with care.', {}, slow);
  await user.click(screen.getByRole('textbox', { name: 'Name of the dataset' }));
  await user.keyboard('are');
  (document.activeElement as HTMLElement).blur();
  fireEvent.keyDown(document.body, { key: 'r', keyCode: 229 });
  fireEvent.keyDown(document.body, { key: 'r', isComposing: true });
  fireEvent.keyDown(document.body, { key: 'r', ctrlKey: true });
  expect(sent('proposal_judge')).toEqual([{ id: '12', state: 'accepted' }]);
  await user.keyboard('r');
  await screen.findByText('入住要带什么？', {}, slow);
  await user.keyboard('{ArrowLeft}');
  await screen.findByText('押金什么时候退？', {}, slow);
  expect(sent('proposal_judge')).toEqual([{ id: '12', state: 'accepted' }, { id: '13', state: 'rejected' }]);
});

it('takes changed words, and Enter in them makes a line', async () => {
  const { user, sent, state } = await open({ at });
  await screen.findByText('押金多少钱？', {}, slow);
  await user.keyboard('e');
  const answer = await screen.findByRole('textbox', { name: 'Answer' }, slow);
  await user.clear(answer);
  await user.type(answer, '500 元。{Enter}退房时退还。');
  expect(sent('proposal_judge')).toEqual([]);
  await expectAccessible();
  await user.click(await button('Save and accept'));
  await screen.findByText('押金什么时候退？', {}, slow);
  expect(sent('proposal_judge')).toEqual([{ id: '12', state: 'accepted', question: '押金多少钱？', answer: '500 元。\n退房时退还。' }]);
  expect(state.proposals.find((row) => row.id === '12')?.edited).toBe(true);
  await user.click(await button('Previous draft'));
  await screen.findByText('Changed by you', {}, slow);
});

it('puts a draft back when judging it is refused', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.proposal_judge = refusal('disk_full', 'There is no space left on the disk.');
  const { user } = await open({ at, fake });
  await screen.findByText('押金多少钱？', {}, slow);
  await user.click(await button(/^Accept/));
  await screen.findByText('There is no space left on the disk.', {}, slow);
  expect(within(screen.getByRole('status', { name: 'Judge the drafts' })).getByText('Waiting 3')).toBeTruthy();
});

it('keeps accepted drafts as a dataset and leaves the others, or discards a batch after naming the loss', async () => {
  const { user, sent } = await open({ at });
  await screen.findByText('押金多少钱？', {}, slow);
  expect((await button('Keep as a dataset') as HTMLButtonElement).disabled).toBe(true);
  await user.keyboard('a');
  await user.type(await screen.findByRole('textbox', { name: 'Name of the dataset' }), 'handbook');
  await user.click(await button('Keep as a dataset'));
  await screen.findByText('“handbook” has 1 row now.', {}, slow);
  expect(sent('proposal_keep')).toEqual([{ batch: '3', name: 'handbook' }]);
  await user.click(await button('Discard batch'));
  expect((await screen.findByRole('dialog')).textContent).toContain('2 drafts are destroyed');
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Discard batch' }));
  await expect.poll(() => sent('proposal_discard')).toEqual([{ batch: '3' }]);
  await screen.findByText('When is check-out?', {}, slow);
});
