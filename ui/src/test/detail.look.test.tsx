/** @file Each tab of a local data set's page, in both languages: whole, in words, and accessible. */
import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { local } from './library';
import { expectAccessible, open } from './render';

const slow = { timeout: 8000 };
const at = (rest: string) => `datasets/${local}${rest}`;

describe.each(['en', 'zh-CN'] as const)('in %s', (lang) => {
  it.each(['/1/rows', '/1/43', '/1/findings', '/2/findings', '/1/charts', '/3/privacy', '/3/versions'])('%s is accessible and whole', async (rest) => {
    await open({ at: at(rest), lang });
    await screen.findByRole('tab', { selected: true }, slow);
    await waitFor(() => expect(document.querySelector('main .ant-skeleton, main [aria-busy="true"]')).toBeNull(), slow);
    expect(document.body.textContent).not.toMatch(/\{\{|\bundefined\b|\bNaN\b|\[object|\b(detail|datasets)\.[a-z]/);
    await expectAccessible();
  });
});
