/** @file What a key means while drafts are judged: nothing where somebody types, composes, or a dialog is open. */
const wishes = { a: 'accept', e: 'edit', r: 'reject', arrowright: 'next', arrowleft: 'previous' } as const;
export type Wish = (typeof wishes)[keyof typeof wishes];

const own = 'input, textarea, select, [contenteditable], [role="combobox"], [role="radio"], [role="radiogroup"], [role="dialog"], [role="listbox"], [role="menu"]';

export function keyOf(event: KeyboardEvent): Wish | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || event.keyCode === 229 || event.defaultPrevented) return null;
  const at = event.target;
  if (at instanceof Element && at.closest(own)) return null;
  if (document.querySelector('[role="dialog"][aria-modal="true"]')) return null;
  return wishes[event.key.toLowerCase() as keyof typeof wishes] ?? null;
}
