/** @file Drafts by the call that made them, and judging one: shown at once, put back when it is refused. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useChange } from '../../../api/use';
import type { ProposalJudge, ProposalRow, ProposalState } from '../../../api/generated/types';

export type Batch = { id: string; model: string; at: string; rows: ProposalRow[]; count: Record<ProposalState, number> };

/** In the order in which they began. */
export function batchesOf(rows: readonly ProposalRow[]): Batch[] {
  const found = new Map<string, Batch>();
  for (const row of rows) {
    const batch = found.get(row.batch) ?? { id: row.batch, model: row.model, at: row.drafted_at, rows: [], count: { waiting: 0, accepted: 0, rejected: 0 } };
    batch.rows.push(row);
    batch.count[row.state] += 1;
    found.set(row.batch, batch);
  }
  return [...found.values()];
}

export function useJudging() {
  const client = useQueryClient();
  const judge = useChange('proposal_judge');
  const { mutateAsync } = judge;
  const put = useCallback((row: ProposalRow) => client.setQueryData<ProposalRow[]>(['proposal_list', {}], (all) => all?.map((one) => (one.id === row.id ? row : one))), [client]);
  const decide = useCallback(async (before: ProposalRow, wish: Omit<ProposalJudge, 'id'>) => {
    put({ ...before, ...wish });
    try { put(await mutateAsync({ id: before.id, ...wish })); } catch { put(before); }
  }, [put, mutateAsync]);
  return { decide, error: judge.error, forget: judge.reset };
}
