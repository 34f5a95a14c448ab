/** @file What the test host knows of drafts: two batches of a hotel's handbook, and the commands over them. Tests only. */
import type { Commands } from '../api/generated/commands';
import type { ProposalRow, ProposalState, VersionRow } from '../api/generated/types';
import { HostError } from '../api/host';

const NOW = '2026-11-25T09:30:00Z';
const ground = '客房 > 押金\n\n入住时请出示身份证件，每间客房收取押金 500 元，退房检查后原路退还。';

const draft = (id: string, part: Partial<ProposalRow> = {}): ProposalRow => ({
  id, batch: '3', question: '押金多少钱？', answer: '每间客房收取押金 500 元，退房检查后原路退还。', ground, place: '住客手册.pdf，第 3 页，客房 / 押金', model: 'qwen-plus', support: 0.94, state: 'waiting', edited: false, drafted_at: '2026-11-25T09:20:00Z', ...part,
});

export const proposalRows: ProposalRow[] = [
  draft('11', { batch: '2', model: 'gemma-3-270m', question: 'When is check-out?', answer: 'At noon.', ground: 'Check-out is at noon. Late check-out costs 50 yuan an hour.', place: 'guide.docx, Check-out', support: null, state: 'accepted', drafted_at: '2026-11-24T15:00:00Z' }),
  draft('12'),
  draft('13', { question: '押金什么时候退？', answer: '退房检查后原路退还，一般很快到账，请放心。', support: 0.38 }),
  draft('14', { question: '入住要带什么？', answer: '请出示身份证件。', support: 1 }),
];

type Held = { proposals: ProposalRow[] };

const version = (name: string, rows: number): VersionRow => ({
  dataset: 'kept-drafts', version: 1, name, kind: 'sft', sha256: 'ab12', bytes: rows * 180, rows, parent: null, made: 'drafts', source: 'qwen-plus', counts: { rows_added: rows }, created_at: NOW, checked: null, path: '/data/user/.local/share/partner-console/datasets/ab12.jsonl',
});

export function proposalAnswers(state: Held) {
  return {
    proposal_list: () => state.proposals,
    proposal_judge: ({ id, state: judged, question, answer }: { id: string; state: ProposalState; question?: string; answer?: string }) => {
      const row = state.proposals.find((one) => one.id === id);
      if (!row) throw new HostError({ code: 'not_found', message: `There is no draft ${id}.`, retryable: false, detail: null });
      const edited = row.edited || (question ?? row.question) !== row.question || (answer ?? row.answer) !== row.answer;
      return Object.assign(row, { state: judged, question: question ?? row.question, answer: answer ?? row.answer, edited });
    },
    proposal_discard: ({ batch }: { batch: string }) => { state.proposals = state.proposals.filter((row) => row.batch !== batch); return {}; },
  };
}

type Tell = (event: Commands['proposal_draft']['event']) => Promise<void>;

export function proposalFlows(state: Held) {
  return {
    proposal_draft: async ({ each, limit }: Commands['proposal_draft']['request'], tell: Tell) => {
      const batch = '4';
      for (let at = 1; at <= Math.min(limit, 3); at += 1) {
        await tell({ stage: 'draft', done: at, total: Math.min(limit, 3), unit: 'steps' });
        for (let one = 0; one < each; one += 1) state.proposals.push(draft(`${100 * at + one}`, { batch, question: `押金问题 ${at}-${one}？`, drafted_at: NOW }));
      }
      const made = state.proposals.filter((row) => row.batch === batch).length;
      return { batch, made, failed: ['住客手册.pdf，第 4 页：有一条草稿的数字 600 与原文不一致。'], failed_total: 1, kind: 'sft' as const };
    },
    proposal_keep: async ({ batch, name }: Commands['proposal_keep']['request'], tell: Tell) => {
      await tell({ stage: 'keep', done: 1, total: 1, unit: 'bytes' });
      const accepted = state.proposals.filter((row) => row.batch === batch && row.state === 'accepted').length;
      state.proposals = state.proposals.filter((row) => row.batch !== batch || row.state === 'waiting');
      return version(name, accepted);
    },
  };
}
