/** @file One draft at a time with the text that it was written from beside it; accept, edit or reject by button or by key. */
import { Button, Input, Tag } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import type { ProposalRow } from '../../../api/generated/types';
import { IconBad, IconGood, IconWait, IconWarn } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number, percent } from '../../../lib/format';
import { useJudging, type Batch } from './batches';
import { keyOf } from './keys';

/** Below this share an answer is marked. */
const unsure = 0.5;
const looks = { waiting: { icon: <IconWait aria-hidden />, color: 'default' }, accepted: { icon: <IconGood aria-hidden />, color: 'success' }, rejected: { icon: <IconBad aria-hidden />, color: 'error' } } as const;

export function Judge({ batch }: { batch: Batch }) {
  const { t, lang } = useWords();
  const { rows, count } = batch;
  const { decide, error, forget } = useJudging();
  const [at, setAt] = useState(() => Math.max(0, rows.findIndex((row) => row.state === 'waiting')));
  const [editing, setEditing] = useState(false);
  const place = Math.min(at, rows.length - 1);
  const row = rows[place];
  const move = useCallback((to: number) => { setEditing(false); setAt(Math.max(0, Math.min(rows.length - 1, to))); }, [rows.length]);
  const judge = useCallback((state: 'accepted' | 'rejected', words?: { question: string; answer: string }) => {
    if (!row) return;
    forget();
    void decide(row, { state, ...words });
    // The next one that waits, behind this one or from the start; where none does, this one stays in view.
    const waits = (index: number) => index !== place && rows[index]?.state === 'waiting';
    const next = [...rows.keys()].map((step) => (place + 1 + step) % rows.length).find(waits);
    if (next === undefined) setEditing(false); else move(next);
  }, [row, rows, place, decide, forget, move]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const wish = keyOf(event);
      if (!wish || !row) return;
      event.preventDefault();
      if (wish === 'accept') judge('accepted');
      if (wish === 'reject') judge('rejected');
      if (wish === 'edit') setEditing(true);
      if (wish === 'next' || wish === 'previous') move(place + (wish === 'next' ? 1 : -1));
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [row, place, judge, move]);
  if (!row) return null;
  return <div className="stack">
    <div className="row between">
      <div className="row" role="status" aria-label={t('drafts.judge')}>{(['waiting', 'accepted', 'rejected'] as const).map((state) => <Tag key={state} color={looks[state].color} icon={looks[state].icon}>{t(`drafts.${state}`)} {number(lang, count[state])}</Tag>)}</div>
      <div className="row"><Button size="small" aria-label={t('drafts.previous')} disabled={place === 0} onClick={() => move(place - 1)}>←</Button>
        <span className="num">{t('drafts.place', { at: number(lang, place + 1), total: number(lang, rows.length) })}</span>
        <Button size="small" aria-label={t('drafts.next')} disabled={place >= rows.length - 1} onClick={() => move(place + 1)}>→</Button></div>
    </div>
    {count.waiting === 0 && <p className="all-good" role="status"><IconGood aria-hidden /> {t('drafts.done')}</p>}
    <Refusal error={error} onClose={forget} />
    <div className="draft">
      {editing ? <Edit key={row.id} row={row} onSave={(words) => judge('accepted', words)} onClose={() => setEditing(false)} /> : <Draft row={row} onAccept={() => judge('accepted')} onReject={() => judge('rejected')} onEdit={() => setEditing(true)} />}
      <section className="draft-ground" tabIndex={0} aria-label={t('drafts.ground')}><b>{t('drafts.ground')}</b><span className="soft break">{row.place}</span><p>{row.ground}</p></section>
    </div>
  </div>;
}

function Draft({ row, onAccept, onReject, onEdit }: { row: ProposalRow; onAccept: () => void; onReject: () => void; onEdit: () => void }) {
  const { t, lang } = useWords();
  const look = looks[row.state];
  const little = row.support !== null && row.support < unsure;
  return <article className="draft-pair">
    <div className="row"><Tag color={look.color} icon={look.icon}>{t(`drafts.${row.state}`)}</Tag>{row.edited && <Tag>{t('drafts.edited')}</Tag>}</div>
    <div className="field"><span>{t('drafts.question')}</span><p className="draft-text">{row.question}</p></div>
    <div className="field"><span>{t('drafts.answer')}</span><p className="draft-text">{row.answer}</p></div>
    {little ? <p className="warn"><IconWarn aria-hidden /> {t('drafts.unsure')} <span className="soft">{t('drafts.support', { share: percent(lang, row.support ?? 0) })}</span></p>
      : <p className="soft small">{row.support === null ? t('drafts.noSupport') : t('drafts.support', { share: percent(lang, row.support) })}</p>}
    <div className="row"><Button type="primary" aria-keyshortcuts="A" onClick={onAccept}>{t('drafts.accept')} <kbd aria-hidden>A</kbd></Button>
      <Button aria-keyshortcuts="E" onClick={onEdit}>{t('drafts.edit')} <kbd aria-hidden>E</kbd></Button>
      <Button danger aria-keyshortcuts="R" onClick={onReject}>{t('drafts.reject')} <kbd aria-hidden>R</kbd></Button></div>
    <small className="soft">{t('drafts.keys')}</small>
  </article>;
}

/** Nothing here submits by Enter: answers have lines, and a half-composed word must not be sent. */
function Edit({ row, onSave, onClose }: { row: ProposalRow; onSave: (words: { question: string; answer: string }) => void; onClose: () => void }) {
  const { t } = useWords();
  const [question, setQuestion] = useState(row.question);
  const [answer, setAnswer] = useState(row.answer);
  const words = { question: question.trim(), answer: answer.trim() };
  return <article className="draft-pair">
    <label className="field"><span>{t('drafts.question')}</span><Input.TextArea autoFocus autoSize={{ minRows: 2, maxRows: 6 }} maxLength={1000} value={question} onChange={(event) => setQuestion(event.target.value)} /></label>
    <label className="field"><span>{t('drafts.answer')}</span><Input.TextArea autoSize={{ minRows: 4, maxRows: 14 }} maxLength={4000} value={answer} onChange={(event) => setAnswer(event.target.value)} /></label>
    <div className="row"><Button type="primary" disabled={!words.question || !words.answer} onClick={() => onSave(words)}>{t('drafts.save')}</Button><Button onClick={onClose}>{t('act.cancel')}</Button></div>
  </article>;
}
