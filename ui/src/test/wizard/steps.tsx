/** @file The upload wizard by hand: its steps, its fields, and the way to the check of a first version. Tests only. */
import { act, screen } from '@testing-library/react';
import type { UserEvent } from '@testing-library/user-event';
import { fakeHost } from '../fake';
import { button, open } from '../render';

export const slow = { timeout: 20000 };


/** Chooses an option of a select by its words. */
export async function pick(user: UserEvent, field: string | RegExp, option: string | RegExp) {
  await user.click(await screen.findByRole('combobox', { name: field }, slow));
  const found = await screen.findAllByText(option, { selector: '.ant-select-item-option-content, .ant-select-item-option-content *' }, slow);
  await user.click(found.at(-1) as HTMLElement);
}

export const disabled = async (name: string | RegExp) => ((await button(name)) as HTMLButtonElement).disabled;
export const reason = async (name: string) => document.getElementById((await button(name)).getAttribute('aria-describedby') ?? '')?.textContent ?? '';
export const step = (name: string) => screen.findByRole('heading', { name: new RegExp(`^Step \\d of 4: ${name}`) }, slow);

/** From a file to the check of its first version. */
export async function imported(file: string, fake = fakeHost()) {
  const opened = await open({ at: 'usage', fake });
  act(() => fake.drop(file));
  await opened.user.click(await button('Import and check'));
  await step('Check');
  await screen.findByText(/rows are good/, {}, slow);
  return opened;
}
