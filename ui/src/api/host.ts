/** @file The one interface between the window's content and Rust. It knows no transport. */
import type { Commands } from './generated/commands';
import type { Failure, Tag } from './generated/types';

export type Name = keyof Commands;
export type Named<K extends 'query' | 'mutation' | 'stream'> = { [N in Name]: Commands[N]['kind'] extends K ? N : never }[Name];
export type FileFilter = { name: string; extensions: string[] };

/** A refusal as Rust words it; `message` is already in the reader's language. */
export class HostError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly detail: string | null;
  constructor(failure: Failure) {
    super(failure.message);
    this.code = failure.code;
    this.retryable = failure.retryable;
    this.detail = failure.detail ?? null;
  }
}

export interface Host {
  /** Aborting `signal` says that nobody waits for the answer any more; a transport that can drop the question does. */
  call<N extends Named<'query' | 'mutation'>>(command: N, request: Commands[N]['request'], signal?: AbortSignal): Promise<Commands[N]['response']>;
  /** Resolves with the final answer; aborting `signal` cancels the work and rejects with an AbortError. */
  stream<N extends Named<'stream'>>(
    command: N,
    request: Commands[N]['request'],
    onEvent: (event: Commands[N]['event']) => void,
    signal?: AbortSignal,
  ): Promise<Commands[N]['response']>;
  listenChanged(onTags: (tags: Tag[]) => void): () => void;
  pickFile(filters: FileFilter[]): Promise<string | null>;
  pickFolder(): Promise<string | null>;
  /** Where a new file may be written; the dialog has asked before an old one is replaced. */
  saveFile(name: string, filters: FileFilter[]): Promise<string | null>;
  /** Files and folders that are dropped on the window; `onOver` says whether some are held over it now. */
  onFileDrop(onPaths: (paths: string[]) => void, onOver: (over: boolean) => void): () => void;
  openExternal(url: string): Promise<void>;
  copy(text: string): Promise<void>;
  setLanguage(language: string): void;
}

export const aborted = () => new DOMException('Cancelled', 'AbortError');
export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';

/** Turns whatever a transport rejects with into a HostError. */
export function asHostError(error: unknown): Error {
  if (error instanceof HostError || isAbort(error)) return error as Error;
  if (error && typeof error === 'object' && 'code' in error && 'message' in error) return new HostError(error as Failure);
  return new HostError({ code: 'internal', message: String(error instanceof Error ? error.message : error), retryable: true, detail: null });
}
