/** @file Commands as React hooks. Keys and refetches come from the tag maps alone. */
import { QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { invalidates, provides, type Commands } from './generated/commands';
import type { Tag } from './generated/types';
import { isAbort, type Host, type Name, type Named } from './host';

const HostContext = createContext<Host | null>(null);
export const HostProvider = HostContext.Provider;
export function useHost(): Host {
  const host = useContext(HostContext);
  if (!host) throw new Error('HostProvider is missing');
  return host;
}

/** Queries whose answer depends on any of the tags. */
export const staleQueries = (tags: readonly Tag[]): Name[] =>
  (Object.keys(provides) as Name[]).filter((name) => provides[name]?.some((tag) => tags.includes(tag)));

export function refetch(client: QueryClient, tags: readonly Tag[]): void {
  for (const name of staleQueries(tags)) void client.invalidateQueries({ queryKey: [name] });
}

export function useCall<N extends Named<'query'>>(command: N, request: Commands[N]['request'], options?: { enabled?: boolean; every?: number }) {
  const host = useHost();
  return useQuery<Commands[N]['response']>({
    queryKey: [command, request], queryFn: () => host.call(command, request),
    enabled: options?.enabled, refetchInterval: options?.every, retry: false,
  });
}

export function useChange<N extends Named<'mutation'>>(command: N) {
  const host = useHost();
  const client = useQueryClient();
  return useMutation<Commands[N]['response'], Error, Commands[N]['request']>({
    mutationFn: (request) => host.call(command, request),
    onSuccess: () => refetch(client, invalidates[command] ?? []),
  });
}

/** Runs one stream at a time and keeps its newest event; `cancel` and unmount with `bound` end it. */
export function useStream<N extends Named<'stream'>>(command: N, options?: { bound?: boolean }) {
  const host = useHost();
  const client = useQueryClient();
  const [event, setEvent] = useState<Commands[N]['event'] | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [running, setRunning] = useState(false);
  const control = useRef<AbortController | null>(null);
  const bound = options?.bound ?? false;
  useEffect(() => () => { if (bound) control.current?.abort(); }, [bound]);
  const run = useCallback(async (request: Commands[N]['request'], onEvent?: (event: Commands[N]['event']) => void) => {
    const mine = new AbortController();
    control.current = mine;
    setRunning(true); setError(null); setEvent(null);
    try {
      const done = await host.stream(command, request, (next) => { setEvent(next); onEvent?.(next); }, mine.signal);
      refetch(client, invalidates[command] ?? []);
      return done;
    } catch (failure) {
      if (!isAbort(failure)) setError(failure as Error);
      return null;
    } finally { if (control.current === mine) setRunning(false); }
  }, [client, command, host]);
  return { run, cancel: () => control.current?.abort(), event, error, running };
}
