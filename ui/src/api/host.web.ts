/** @file The host for an ordinary browser: the command table over loopback HTTP. Used by tests and development only. */
import { aborted, asHostError, HostError, type Host } from './host';
import type { Tag } from './generated/types';

/** The token comes once in the address and is kept for this tab only. */
function takeToken(): string {
  const match = /[#&]token=([^&]+)/.exec(location.hash);
  if (match?.[1]) {
    sessionStorage.setItem('token', decodeURIComponent(match[1]));
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem('token') ?? '';
}

/** Yields complete lines of a streamed body, whatever its chunks. */
export async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const parts = rest.split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
      if (done) break;
    }
    if (rest) yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export function webHost(): Host {
  const token = takeToken();
  let language = 'en';
  const post = (path: string, request: unknown, signal?: AbortSignal) =>
    fetch(path, {
      method: 'POST', body: JSON.stringify(request), signal,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-partner-language': language },
    });
  const refuse = async (response: Response): Promise<never> => {
    const text = await response.text();
    let failure;
    try { failure = JSON.parse(text); } catch { failure = { code: 'internal', message: text || `HTTP ${response.status}`, retryable: response.status >= 500, detail: null }; }
    throw new HostError(failure);
  };
  return {
    async call(command, request, signal) {
      try {
        const response = await post(`/rpc/${command}`, request, signal);
        return response.ok ? await response.json() : await refuse(response);
      } catch (error) { throw asHostError(error); }
    },
    async stream(command, request, onEvent, signal) {
      try {
        const response = await post(`/stream/${command}`, request, signal);
        if (!response.ok || !response.body) return await refuse(response);
        for await (const line of lines(response.body)) {
          if (signal?.aborted) throw aborted();
          if (!line.trim()) continue;
          const message = JSON.parse(line);
          if ('done' in message) return message.done;
          if ('error' in message) throw new HostError(message.error);
          onEvent(message.event);
        }
        throw new HostError({ code: 'internal', message: 'The stream ended without a result.', retryable: true, detail: null });
      } catch (error) { throw asHostError(error); }
    },
    listenChanged(onTags) {
      const stop = new AbortController();
      void (async () => {
        while (!stop.signal.aborted) {
          try {
            const response = await fetch('/changed', { headers: { authorization: `Bearer ${token}` }, signal: stop.signal });
            if (response.ok && response.body)
              for await (const line of lines(response.body))
                if (line.startsWith('data:')) onTags((JSON.parse(line.slice(5)) as { tags: Tag[] }).tags);
          } catch { /* The loop below tries again; an unreachable host shows in every query. */ }
          await new Promise((next) => setTimeout(next, 3000));
        }
      })();
      return () => stop.abort();
    },
    pickFile: async () => window.prompt('Path of a file on this machine')?.trim() || null,
    pickFolder: async () => window.prompt('Path of a folder on this machine')?.trim() || null,
    saveFile: async (name) => window.prompt('Path of the new file on this machine', name)?.trim() || null,
    onFileDrop: () => () => undefined,
    openExternal: async (url) => { window.open(url, '_blank', 'noopener'); },
    copy: (text) => navigator.clipboard.writeText(text),
    setLanguage: (next) => { language = next; },
  };
}
