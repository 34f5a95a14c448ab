// Finds what a person would point at: by role and accessible name, visible, in front of any dialog behind it.
const [role, wanted, within] = arguments;
const roles = {
  A: (e) => (e.hasAttribute('href') ? 'link' : ''), BUTTON: () => 'button', SUMMARY: () => 'button', SELECT: () => 'combobox',
  TEXTAREA: () => 'textbox', NAV: () => 'navigation', MAIN: () => 'main', DIALOG: () => 'dialog', TABLE: () => 'table',
  TR: () => 'row', TD: () => 'cell', TH: () => 'columnheader', PROGRESS: () => 'progressbar', OPTION: () => 'option',
  H1: () => 'heading', H2: () => 'heading', H3: () => 'heading', H4: () => 'heading', OUTPUT: () => 'status', UL: () => 'list', OL: () => 'list', LI: () => 'listitem', IMG: () => 'img', SECTION: (e) => (e.hasAttribute('aria-label') ? 'region' : ''), ASIDE: () => 'complementary',
  INPUT: (e) => ({ checkbox: 'checkbox', radio: 'radio', number: 'spinbutton', range: 'slider', submit: 'button', button: 'button', search: 'searchbox' })[e.type] ?? 'textbox',
};
const roleOf = (e) => e.getAttribute('role') ?? roles[e.tagName]?.(e) ?? '';
const clean = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
const texts = (ids) => ids.split(/\s+/).map((id) => clean(document.getElementById(id)?.textContent)).join(' ');
function nameOf(e) {
  if (e.hasAttribute('aria-labelledby')) return clean(texts(e.getAttribute('aria-labelledby')));
  if (e.hasAttribute('aria-label')) return clean(e.getAttribute('aria-label'));
  if (e.labels?.length) {
    return clean([...e.labels].map((label) => {
      const copy = label.cloneNode(true);
      copy.querySelectorAll('input, select, textarea, small').forEach((part) => part.remove());
      return copy.textContent;
    }).join(' '));
  }
  if (e.matches('input, select, textarea')) return clean(e.placeholder || e.title);
  const copy = e.cloneNode(true);
  copy.querySelectorAll('[aria-hidden=true], svg').forEach((part) => part.remove());
  return clean(copy.textContent) || clean(e.title) || clean(e.querySelector('img')?.alt);
}
const visible = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden' && !e.closest('[inert]');
// Spaces do not count: buttons of two Chinese characters are set with one between them.
const bare = (text) => text.replace(/\s+/g, '');
const fits = (name) => (wanted.startsWith('~') ? bare(name).includes(bare(wanted.slice(1))) : bare(name) === bare(wanted));
const modals = [...document.querySelectorAll('dialog[open], [role=dialog], [role=alertdialog]')].filter(visible);
const root = within ?? modals.at(-1) ?? document;
const found = [...root.querySelectorAll('*')].filter((e) => roleOf(e) === role && visible(e));
return role === '' ? found.map((e) => [roleOf(e), nameOf(e)]) : found.find((e) => fits(nameOf(e))) ?? null;
