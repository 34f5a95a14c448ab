/** @file Commands as React hooks. Keys and refetches come from the tag maps alone. */
import { QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';
import { createStore, useStore, type StoreApi } from 'zustand';
import { invalidates, provides, type Commands } from './generated/commands';
import type { Tag } from './generated/types';
import { isAbort, type Host, type Name, type Named } from './host';

/** A stream's state outlives the page that started it, so that coming back finds it where it is. */
type Slot = { running: boolean; event: unknown; error: Error | null; result: unknown; control: AbortController | null };
type Streams = StoreApi<Record<string, Slot>>;
const idle: Slot = { running: false, event: null, error: null, result: null, control: null };

const HostContext = createContext<{ host: Host; streams: Streams } | null>(null);

export function HostProvider({ value, children }: { value: Host; children: ReactNode }) {
  const [streams] = useState<Streams>(() => createStore(() => ({})));
  const [held] = useState({ host: value, streams });
  return <HostContext value={held}>{children}</HostContext>;
}

function useHeld() {
  const held = useContext(HostContext);
  if (!held) throw new Error('HostProvider is missing');
  return held;
}
export const useHost = (): Host => useHeld().host;

/** Queries whose answer depends on any of the tags. */
export const staleQueries = (tags: readonly Tag[]): Name[] =>
  (Object.keys(provides) as Name[]).filter((name) => provides[name]?.some((tag) => tags.includes(tag)));

export function refetch(client: QueryClient, tags: readonly Tag[]): void {
  for (const name of staleQueries(tags)) void client.invalidateQueries({ queryKey: [name] });
}

export function useCall<N extends Named<'query'>>(command: N, request: Commands[N]['request'], options?: { enabled?: boolean; every?: number; keep?: boolean }) {
  const host = useHost();
  return useQuery<Commands[N]['response']>({
    queryKey: [command, request], queryFn: () => host.call(command, request),
    enabled: options?.enabled, refetchInterval: options?.every, retry: false,
    placeholderData: options?.keep ? (old) => old as never : undefined,
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

/** Runs one stream at a time per `key` and keeps its newest event; `cancel`, and unmount with `bound`, end it. */
export function useStream<N extends Named<'stream'>>(command: N, options?: { bound?: boolean; key?: string }) {
  const { host, streams } = useHeld();
  const client = useQueryClient();
  const name = `${command}/${options?.key ?? ''}`;
  const slot = useStore(streams, (all) => all[name] ?? idle);
  const bound = options?.bound ?? false;
  const set = useCallback((part: Partial<Slot>) => streams.setState((all) => ({ [name]: { ...(all[name] ?? idle), ...part } })), [streams, name]);
  const cancel = useCallback(() => streams.getState()[name]?.control?.abort(), [streams, name]);
  const clear = useCallback(() => { cancel(); set(idle); }, [cancel, set]);
  useEffect(() => () => { if (bound) cancel(); }, [bound, cancel]);
  const run = useCallback(async (request: Commands[N]['request'], onEvent?: (event: Commands[N]['event']) => void): Promise<Commands[N]['response'] | null> => {
    const control = new AbortController();
    const mine = () => streams.getState()[name]?.control === control;
    set({ running: true, error: null, event: null, result: null, control });
    try {
      const result = await host.stream(command, request, (event) => { if (mine()) { set({ event }); onEvent?.(event); } }, control.signal);
      if (mine()) set({ running: false, result });
      refetch(client, invalidates[command] ?? []);
      return result;
    } catch (failure) {
      if (mine()) set({ running: false, error: isAbort(failure) ? null : (failure as Error) });
      return null;
    }
  }, [client, command, host, name, set, streams]);
  return {
    run, cancel, clear, running: slot.running, error: slot.error,
    event: slot.event as Commands[N]['event'] | null, result: slot.result as Commands[N]['response'] | null,
  };
}
