/** @file A database as a source, as a person uses it: connect, see what is there, have a query written, correct it, see its rows. */
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { DatabaseSource } from '../features/datasets/database';
import { rowsSeen } from './database';
import { fakeHost, refusal } from './fake';
import { button, expectAccessible, open } from './render';

const slow = { timeout: 8000 };

async function source(fake = fakeHost(), lang: 'en' | 'zh-CN' = 'en') {
  const onSeen = vi.fn();
  return { ...await open({ fake, lang, page: <main><DatabaseSource onSeen={onSeen} /></main> }), onSeen };
}
const field = (name: string) => screen.findByRole('textbox', { name }, slow) as Promise<HTMLInputElement>;
const fill = async (name: string, value: string) => fireEvent.change(await field(name), { target: { value } });

it('goes from a kept connection to the first rows of a query that a table wrote', async () => {
  const { user, sent, onSeen } = await source();
  await user.click(await button('Connect: Front desk'));
  await screen.findByText('PostgreSQL 15.14', {}, slow);
  expect(screen.getByText('Encrypted, certificate checked')).toBeTruthy();
  expect(within(screen.getByRole('region', { name: 'Tables' })).getByText('1,840')).toBeTruthy();
  await expectAccessible();
  await user.click(await button('Write the query for public.faq'));
  expect((await field('Query')).value).toBe('SELECT "问题", "答案" FROM "public"."faq"');
  await user.click(await button('Show the first rows'));
  await screen.findByText('早餐几点开始？', {}, slow);
  const asked = { id: 'db-1', sql: 'SELECT "问题", "答案" FROM "public"."faq"' };
  expect(sent('database_look')).toEqual([asked]);
  expect(onSeen.mock.calls).toEqual([[{ ...asked, seen: rowsSeen }]]);
  await expectAccessible();
  await user.type(await field('Query'), ' WHERE false');
  await screen.findByText(/The query was changed since/);
  await user.click(await button('Show the first rows'));
  await screen.findByText('The query has no rows', {}, slow);
});

it('says in both languages what a user could do besides reading, and how to make one that cannot', async () => {
  const { user, copied } = await source(fakeHost(), 'zh-CN');
  await user.click(await button('连接: 会员系统'));
  await screen.findByText('未加密', {}, slow);
  expect(screen.getByText('This user may do everything on the server (ALL PRIVILEGES ON *.*).')).toBeTruthy();
  expect(screen.getByText('没有可读取的表')).toBeTruthy();
  await user.click(screen.getByText('创建只读用户的语句'));
  await user.click(await button('复制创建只读用户的语句'));
  expect(copied).toEqual(["CREATE USER 'partner_reader'@'%' …"]);
  await expectAccessible();
});

it('keeps a new connection, sends its password once, and connects', async () => {
  const { user, sent } = await source();
  await user.click(await button('Add a connection'));
  await user.click(await button('Save and connect'));
  expect((await screen.findAllByText('Please fill this in.', {}, slow)).length).toBeGreaterThan(0);
  expect(sent('database_save')).toEqual([]);
  await fill('Name', 'Shop');
  await fill('Host', ' localhost ');
  await fill('User', 'reader');
  fireEvent.change(screen.getByLabelText('Password'), { target: { value: 'not-a-secret' } });
  await screen.findByText('The certificate is not checked. For networks that you trust.', {}, slow);
  await expectAccessible();
  await user.click(await button('Save and connect'));
  await waitFor(() => expect(sent('database_probe')).toEqual([{ id: 'db-3' }]), slow);
  expect(sent('database_save')).toEqual([{ row: { id: '', name: 'Shop', engine: 'postgres', host: 'localhost', port: 5432, database: '', user: 'reader', tls: 'prefer', ca: null }, password: 'not-a-secret' }]);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(document.body.innerHTML).not.toContain('not-a-secret');
});

it('leaves a kept password alone, and asks for it again where it would go elsewhere', async () => {
  const { user, sent } = await source();
  await user.click(await button('Edit: Front desk'));
  await screen.findByText('Leave it empty to keep the one that is sealed.', {}, slow);
  await fill('Host', 'db2.hotel.example');
  await screen.findByText(/enter the password again/, {}, slow);
  await user.click(await button('Save and connect'));
  await waitFor(() => expect(sent('database_save').length).toBe(1));
  expect(sent('database_save')[0]).toMatchObject({ row: { id: 'db-1', host: 'db2.hotel.example', tls: 'verify_full' } });
  expect(sent('database_save')[0]).not.toHaveProperty('password');
});

it('removes a connection only after naming what is lost', async () => {
  const { user, sent } = await source();
  await user.click(await button('Remove: Front desk'));
  await screen.findByText(/datasets made from it stay/, {}, slow);
  expect(sent('database_remove')).toEqual([]);
  await user.click(await button('Remove'));
  await waitFor(() => expect(sent('database_remove')).toEqual([{ id: 'db-1' }]));
  await waitFor(() => expect(screen.queryByText('Front desk')).toBeNull());
});

it('does not replace a query that was typed without asking', async () => {
  const { user } = await source();
  await user.click(await button('Connect: Front desk'));
  const query = await field('Query');
  await user.type(query, 'SELECT 1');
  await user.click(await button('Write the query for public.guests'));
  await user.click(await button('Keep my query'));
  expect(query.value).toBe('SELECT 1');
  await user.click(await button('Write the query for public.guests'));
  await user.click(await button('Replace'));
  expect(query.value).toContain('"public"."guests"');
  await user.click(await button('Write the query for public.faq'));
  expect(query.value, 'what a table wrote is replaced at once').toContain('"public"."faq"');
});

it('runs by Ctrl+Enter, not by the Enter that ends a composition, and Enter alone begins a line', async () => {
  const { user, sent } = await source();
  await user.click(await button('Connect: Front desk'));
  const query = await field('Query');
  await user.type(query, 'SELECT 1');
  fireEvent.keyDown(query, { key: 'Enter' });
  fireEvent.keyDown(query, { key: 'Enter', ctrlKey: true, isComposing: true });
  fireEvent.keyDown(query, { key: 'Enter', ctrlKey: true, keyCode: 229 });
  expect(sent('database_look')).toEqual([]);
  fireEvent.keyDown(query, { key: 'Enter', ctrlKey: true });
  await expect.poll(() => sent('database_look').length).toBe(1);
});

it('ends a query that takes too long, and shows why another was refused', async () => {
  const { user, knobs, onSeen } = await source();
  await user.click(await button('Connect: Front desk'));
  await user.type(await field('Query'), 'SELECT slow');
  knobs.hang.add('database_look');
  await user.click(await button('Show the first rows'));
  await user.click(await button('End the query'));
  await waitFor(() => expect(screen.queryByText('Asking the database')).toBeNull());
  knobs.hang.clear();
  knobs.refuse.database_look = refusal('source_query_wrong_at', 'The query is wrong at line and column 1:8.', false);
  await user.click(await button('Show the first rows'));
  await screen.findByText('Code: source_query_wrong_at', {}, slow);
  expect(onSeen).not.toHaveBeenCalled();
  await expectAccessible();
});

it('shows why a database cannot be reached, and tries again', async () => {
  const fake = fakeHost();
  fake.knobs.refuse.database_probe = refusal('source_refused', 'Nothing accepts connections there.');
  const { user, knobs } = await source(fake);
  await user.click(await button('Connect: Front desk'));
  await screen.findByText('Nothing accepts connections there.', {}, slow);
  knobs.refuse = {};
  await user.click(await button('Try again'));
  await screen.findByText('PostgreSQL 15.14', {}, slow);
});

it('finds tables by their columns, and draws only some of very many', async () => {
  const fake = fakeHost();
  const probe = fake.state.probes['db-1'];
  if (probe) probe.tables = Array.from({ length: 1500 }, (_, at) => ({ schema: 'public', name: `t${at}`, columns: ['id', at === 1234 ? 'answer' : 'x'], rows_about: at, query: `SELECT ${at}` }));
  const { user } = await source(fake);
  await user.click(await button('Connect: Front desk'));
  await button('Write the query for public.t0');
  expect(screen.getAllByRole('button', { name: /^Write the query/ }).length).toBeLessThan(200);
  await user.type(await field('Filter tables and columns'), 'ANSWER');
  await button('Write the query for public.t1234');
  expect(screen.getAllByRole('button', { name: /^Write the query/ }).length).toBe(1);
});
