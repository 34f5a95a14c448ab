/** @file A wizard's draft: what it holds, kept beside the host while the window is open, saved half a second after each change.
 * It outlives its page, so that an import or an upload whose page was left still notes how far it came.
 */
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { createStore, useStore, type StoreApi } from 'zustand';
import type { Host } from '../../../api/host';
import { useCall, useHost } from '../../../api/use';
import type { DatasetKind, MaskPlan, Recipe, SourceReading, VersionId } from '../../../api/generated/types';

export const steps = ['choose', 'check', 'privacy', 'upload'] as const;
export type Step = (typeof steps)[number];

/** What arrived in the cloud of one file. */
export type Sent = { name: string; receipt: string | null };

export type Wizard = {
  step: Step;
  /** The furthest step that may be opened. */
  reached: Step;
  /** Of the source; empty where a local data set is worked on. */
  path: string;
  /** A query as the source: the kept connection's id. */
  database: { id: string; sql: string } | null;
  reading: SourceReading;
  /** Nothing until a person corrects the guess. */
  recipe: Recipe | null;
  /** Lines are rows already and are taken byte for byte. */
  asIs: boolean | null;
  kind: DatasetKind;
  name: string;
  dataset: string | null;
  version: number;
  /** `undefined` has not been asked, `null` counts no tokens. */
  model?: string | null;
  maxLength: number | null;
  batchSize: number | null;
  held: VersionId[];
  plan: MaskPlan | null;
  /** The version whose remaining finds a person said yes to. */
  keptFinds: number | null;
  split: { on: boolean; percent: number; seed: number; stratified: boolean };
  description: string;
  /** What is uploaded, once it has been divided. */
  parts: VersionId[] | null;
  /** By `partKey`. */
  sent: Record<string, Sent>;
};

export const freshWizard = (part: Partial<Wizard> = {}): Wizard => ({
  step: 'choose', reached: 'choose', path: '', database: null, reading: {}, recipe: null, asIs: null, kind: 'sft', name: '', dataset: null, version: 0, maxLength: null, batchSize: null, held: [],
  plan: null, keptFinds: null, split: { on: true, percent: 10, seed: 42, stratified: true }, description: '', parts: null, sent: {}, ...part,
});

export const partKey = ({ dataset, version }: VersionId) => `${dataset}@${version}`;

/** Whether everything that goes up is up. */
export const isSent = ({ parts, sent }: Wizard) => parts !== null && parts.every((part) => sent[partKey(part)] !== undefined);

export const nameOf = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

/** Whether a step may be opened. */
export const isOpen = (draft: Wizard, step: Step) => steps.indexOf(step) <= steps.indexOf(draft.reached) && (step !== 'choose' || draft.path !== '' || draft.database !== null);

/** A kept draft; nothing where it is not one of ours, such as one of a later program. */
export function readWizard(content: string): Wizard | null {
  try {
    const value = JSON.parse(content) as Partial<Wizard> | null;
    if (!value || typeof value !== 'object' || !steps.includes(value.step as Step) || !steps.includes(value.reached as Step)) return null;
    return freshWizard(value);
  } catch { return null; }
}

type Kept = { draft: Wizard; saved: 'not' | 'yes' | Error };
type Keeper = { store: StoreApi<Record<string, Kept>>; timers: Map<string, ReturnType<typeof setTimeout>>; gone: Set<string> };

const keepers = new WeakMap<Host, Keeper>();

function keeperOf(host: Host): Keeper {
  const known = keepers.get(host);
  if (known) return known;
  const made: Keeper = { store: createStore(() => ({})), timers: new Map(), gone: new Set() };
  keepers.set(host, made);
  return made;
}

async function save(host: Host, client: QueryClient, id: string) {
  const { store, timers, gone } = keeperOf(host);
  clearTimeout(timers.get(id));
  timers.delete(id);
  const kept = store.getState()[id];
  if (!kept || gone.has(id)) return;
  const note = (saved: Kept['saved']) => { const now = store.getState()[id]; if (now) store.setState({ [id]: { ...now, saved } }); };
  try {
    await host.call('draft_save', { id, content: JSON.stringify(kept.draft), saved_at: '' });
    if (!timers.has(id)) note('yes');
    void client.invalidateQueries({ queryKey: ['draft_list'] });
  } catch (error) { note(error as Error); }
}

function put(host: Host, client: QueryClient, id: string, draft: Wizard) {
  const { store, timers } = keeperOf(host);
  store.setState({ [id]: { draft, saved: 'not' } });
  clearTimeout(timers.get(id));
  timers.set(id, setTimeout(() => void save(host, client, id), 500));
}

/** Begins drafts. The same source twice is the same draft while it has not become a data set. */
export function useBegin() {
  const host = useHost();
  const client = useQueryClient();
  return useCallback((part: Partial<Wizard>): string => {
    const { store, gone } = keeperOf(host);
    const same = Object.entries(store.getState()).find(([id, { draft }]) => !gone.has(id) && part.path && draft.path === part.path && draft.dataset === null);
    if (same) return same[0];
    const id = crypto.randomUUID();
    put(host, client, id, freshWizard(part));
    return id;
  }, [host, client]);
}

/** The draft of a data set that is there already, by the data set's own id. */
export function useBeginFor(dataset: string) {
  const host = useHost();
  const client = useQueryClient();
  return useCallback((version: number) => {
    const { store, gone } = keeperOf(host);
    gone.delete(dataset);
    if (!store.getState()[dataset]) put(host, client, dataset, freshWizard({ step: 'check', reached: 'check', dataset, version }));
  }, [host, client, dataset]);
}

/** Throws a draft away: nothing saves it again. What it made stays. */
export function useForget() {
  const host = useHost();
  const client = useQueryClient();
  return useCallback(async (id: string) => {
    const { timers, gone } = keeperOf(host);
    gone.add(id);
    clearTimeout(timers.get(id));
    timers.delete(id);
    await host.call('draft_delete', { id });
    await client.invalidateQueries({ queryKey: ['draft_list'] });
  }, [host, client]);
}

/** Drops what the window remembers of a draft that is over, so that its address begins anew. */
export function useDrop() {
  const host = useHost();
  return useCallback((id: string) => { const { store } = keeperOf(host); const { [id]: _, ...rest } = store.getState(); store.setState(rest, true); }, [host]);
}

export type Update = (part: Partial<Wizard> | ((draft: Wizard) => Partial<Wizard>)) => void;

/** A draft by its id: from this window, else as it was saved. `draft` is nothing while it is looked for, and where there is none. */
export function useWizard(id: string) {
  const host = useHost();
  const client = useQueryClient();
  const { store, timers } = keeperOf(host);
  const kept = useStore(store, (all) => all[id]);
  const list = useCall('draft_list', {}, { enabled: !kept });
  useEffect(() => {
    if (kept || !list.data) return;
    const row = list.data.find((one) => one.id === id);
    const draft = row && readWizard(row.content);
    if (draft) store.setState({ [id]: { draft, saved: 'yes' } });
  }, [kept, list.data, id, store]);
  const update = useCallback<Update>((part) => {
    const now = store.getState()[id]?.draft;
    if (now) put(host, client, id, { ...now, ...(typeof part === 'function' ? part(now) : part) });
  }, [host, client, id, store]);
  const saveNow = useCallback(() => save(host, client, id), [host, client, id]);
  // A window that is closed within the half second loses nothing.
  useEffect(() => {
    const leave = () => { if (timers.has(id)) void save(host, client, id); };
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [host, client, id, timers]);
  return { draft: kept?.draft, saved: kept?.saved ?? 'not', update, saveNow, isPending: !kept && list.isPending, error: kept ? null : list.error, refetch: list.refetch };
}
