/** @file What a key press means, with input methods in mind. */
import type { KeyboardEvent } from 'react';

/** Enter that means "send": not while an input method composes, not with Shift. Code 229 is WebKit's last Enter of a composition. */
export const isSend = (event: KeyboardEvent) =>
  event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing && event.keyCode !== 229;

/** Enter that means "run" where Enter alone begins a new line. */
export const isRun = (event: KeyboardEvent) => isSend(event) && (event.ctrlKey || event.metaKey);

/** `Ctrl` or, on a Mac, `⌘`. */
export const isMac = /Mac/.test(navigator.userAgent);
