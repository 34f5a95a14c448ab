/** @file Rows of a version as they are needed: by pages of a hundred, the neighbours beforehand, a bounded number kept.
 * A version never changes, so its pages are never stale; whoever scrolls past a page never asks for it.
 */
import { useQueries, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { BrowsedRow, RowsPage } from '../../../api/generated/types';
import { useHost } from '../../../api/use';

const SIZE = 100;
/** Pages that stay although nobody looks at them; a row can hold 20,000 characters a message. */
const KEPT = 24;
const PAUSE_MS = 90;

const keyOf = (dataset: string, version: number, page: number) => ['rows', dataset, version, page];

/** The value once it has stayed for a moment. */
function useSettled(value: number): number {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    if (value === settled) return;
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value, settled]);
  return settled;
}

function forget(client: QueryClient): void {
  const idle = client.getQueryCache().findAll({ queryKey: ['rows'], type: 'inactive' }).sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt);
  for (const query of idle.slice(KEPT)) client.getQueryCache().remove(query);
}

export function usePages(dataset: string, version: number, total: number, first: number): { at: (n: number) => BrowsedRow | undefined; error: Error | null; again: () => void } {
  const host = useHost();
  const client = useQueryClient();
  const page = useSettled(Math.floor(first / SIZE));
  const wanted = [page, page + 1, page - 1].filter((one) => one >= 0 && one * SIZE < total);
  const answers = useQueries({
    queries: wanted.map((one) => ({
      queryKey: keyOf(dataset, version, one), retry: false, staleTime: Infinity, gcTime: 300_000,
      queryFn: ({ signal }: { signal: AbortSignal }) => host.call('version_rows', { dataset, version, from: one * SIZE, count: SIZE }, signal),
    })),
  });
  useEffect(() => forget(client), [client, page]);
  // Those asked for are read from their answers, so that an answer draws them; others may still be at hand.
  const held = new Map(wanted.map((one, index) => [one, answers[index]?.data]));
  const pageOf = (one: number) => held.get(one) ?? client.getQueryData<RowsPage>(keyOf(dataset, version, one));
  return {
    at: (n) => pageOf(Math.floor(n / SIZE))?.rows[n % SIZE],
    error: answers.find((one) => one.error)?.error ?? null,
    again: () => answers.forEach((one) => { if (one.error) void one.refetch(); }),
  };
}
