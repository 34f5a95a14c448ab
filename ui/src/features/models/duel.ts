/** @file The playground's state: up to three columns that answer the same prompt, each with its own stream. */
import { create } from 'zustand';
import type { ChatDone, ChatTarget, SampleMessage } from '../../api/generated/types';
import { isAbort, type Host } from '../../api/host';

export type Turn = { prompt: string; text: string; loading: boolean; running: boolean; stopped: boolean; done: ChatDone | null; error: Error | null };
export type Column = { key: number; target: ChatTarget | null; turns: Turn[] };
export type Options = { system: string; max_tokens: number; temperature: number; top_p: number; seed: number | null; remember: boolean; differences: boolean };

type Duel = { columns: Column[]; options: Options; nextKey: number };
export const MAX_COLUMNS = 3;
const fresh = (): Duel => ({
  columns: [{ key: 0, target: null, turns: [] }, { key: 1, target: null, turns: [] }], nextKey: 2,
  options: { system: '', max_tokens: 256, temperature: 0, top_p: 1, seed: null, remember: false, differences: false },
});

/** Lives outside the page, so that leaving it does not stop or lose an answer. */
export const useDuel = create<Duel>(fresh);
const controls = new Map<number, AbortController>();

const editColumn = (key: number, edit: (column: Column) => Partial<Column>) =>
  useDuel.setState(({ columns }) => ({ columns: columns.map((column) => (column.key === key ? { ...column, ...edit(column) } : column)) }));
const editTurn = (key: number, index: number, edit: (turn: Turn) => Partial<Turn>) =>
  editColumn(key, ({ turns }) => ({ turns: turns.map((turn, i) => (i === index ? { ...turn, ...edit(turn) } : turn)) }));

export const setTarget = (key: number, target: ChatTarget | null) => editColumn(key, () => ({ target }));
export const setOptions = (part: Partial<Options>) => useDuel.setState(({ options }) => ({ options: { ...options, ...part } }));
export const addColumn = () => useDuel.setState(({ columns, nextKey }) => (columns.length < MAX_COLUMNS ? { columns: [...columns, { key: nextKey, target: null, turns: [] }], nextKey: nextKey + 1 } : {}));
export function removeColumn(key: number): void {
  controls.get(key)?.abort();
  useDuel.setState(({ columns }) => ({ columns: columns.filter((column) => column.key !== key) }));
}
export const stop = () => { for (const control of controls.values()) control.abort(); };
export function startOver(): void {
  stop();
  useDuel.setState(({ columns }) => ({ columns: columns.map((column) => ({ ...column, turns: [] })) }));
}
export function forget(): void { stop(); controls.clear(); useDuel.setState(fresh(), true); }

function messagesFor(column: Column, prompt: string, options: Options): SampleMessage[] {
  const earlier = options.remember ? column.turns.filter((turn) => turn.done).flatMap((turn) => [{ role: 'user', content: turn.prompt }, { role: 'assistant', content: turn.text }]) : [];
  const system = options.system.trim() ? [{ role: 'system', content: options.system.trim() }] : [];
  return [...system, ...earlier, { role: 'user', content: prompt }];
}

async function answer(host: Host, column: Column, target: ChatTarget, prompt: string, options: Options): Promise<void> {
  const { key, turns: { length: index } } = column;
  const control = new AbortController();
  controls.set(key, control);
  editColumn(key, ({ turns }) => ({ turns: [...turns, { prompt, text: '', loading: false, running: true, stopped: false, done: null, error: null }] }));
  const { max_tokens, temperature, top_p, seed } = options;
  try {
    const done = await host.stream('chat_send', { target, messages: messagesFor(column, prompt, options), max_tokens, temperature, top_p, seed }, (event) => {
      editTurn(key, index, (turn) => (event.kind === 'loading' ? { loading: true } : { loading: false, text: turn.text + event.text }));
    }, control.signal);
    editTurn(key, index, () => ({ text: done.text, done, running: false, loading: false, stopped: done.finish_reason === 'cancelled' }));
  } catch (error) {
    editTurn(key, index, () => ({ running: false, loading: false, ...(isAbort(error) ? { stopped: true } : { error: error as Error }) }));
  } finally { if (controls.get(key) === control) controls.delete(key); }
}

/** Asks every column that has somebody to answer. */
export function ask(host: Host, prompt: string): void {
  const { columns, options } = useDuel.getState();
  for (const column of columns) if (column.target) void answer(host, column, column.target, prompt, options);
}
