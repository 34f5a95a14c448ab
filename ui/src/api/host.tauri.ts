/** @file The host inside the desktop window; the only file that names @tauri-apps. */
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import { open, save } from '@tauri-apps/plugin-dialog';
import { aborted, asHostError, type Host } from './host';
import type { Tag } from './generated/types';

/** A listener that may be dropped before Tauri has confirmed it. */
function dropped(pending: Promise<() => void>): () => void {
  return () => void pending.then((stop) => stop());
}

export function tauriHost(): Host {
  let language = 'en';
  return {
    async call(command, request, signal) {
      if (signal?.aborted) throw aborted();
      try { return await invoke('rpc', { command, request, language }); } catch (error) { throw asHostError(error); }
    },
    async stream(command, request, onEvent, signal) {
      if (signal?.aborted) throw aborted();
      const streamId = crypto.randomUUID();
      const channel = new Channel<Parameters<typeof onEvent>[0]>();
      channel.onmessage = (event) => { if (!signal?.aborted) onEvent(event); };
      const cancel = () => void invoke('stream_cancel', { streamId });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        return await invoke('stream', { command, request, language, channel, streamId });
      } catch (error) {
        throw signal?.aborted ? aborted() : asHostError(error);
      } finally { signal?.removeEventListener('abort', cancel); }
    },
    listenChanged: (onTags) => dropped(listen<{ tags: Tag[] }>('changed', (event) => onTags(event.payload.tags))),
    pickFile: (filters) => open({ multiple: false, filters }),
    pickFolder: () => open({ directory: true, multiple: false }),
    saveFile: (name, filters) => save({ defaultPath: name, filters }),
    onFileDrop: (onPaths, onOver) => dropped(getCurrentWebview().onDragDropEvent(({ payload }) => {
      if (payload.type !== 'over') onOver(payload.type === 'enter');
      if (payload.type === 'drop' && payload.paths.length > 0) onPaths(payload.paths);
    })),
    openExternal: async (url) => { window.open(url, '_blank', 'noopener'); },
    copy: (text) => navigator.clipboard.writeText(text),
    setLanguage: (next) => { language = next; },
  };
}
