/** @file What every page shows: waiting, refusal, emptiness, progress, a confirming dialog. No commands. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskProgress } from '../api/generated/types';
import { bytes, duration, number } from '../lib/format';

/** The reader's language and translator at once. */
export function useWords() {
  const { t, i18n } = useTranslation();
  return { t, lang: i18n.language };
}

export function Refusal({ error, onRetry }: { error: Error | null | undefined; onRetry?: () => void }) {
  const { t } = useWords();
  if (!error) return null;
  return <div role="alert" className="row bad"><span>{error.message}</span>{onRetry && <button onClick={onRetry}>{t('act.retry')}</button>}</div>;
}

/** Shows a query's answer, or why there is none yet. */
export function Answer<T>({ query, empty, children }: { query: { data?: T; error: Error | null; isPending: boolean; refetch: () => unknown }; empty?: string; children: (data: T) => ReactNode }) {
  const { t } = useWords();
  const { data } = query;
  return <>
    <Refusal error={query.error} onRetry={() => void query.refetch()} />
    {data === undefined ? query.isPending && <p role="status">{t('progress.working')}</p>
      : empty && Array.isArray(data) && data.length === 0 ? <p className="soft">{empty}</p> : children(data)}
  </>;
}

/** A bar with amount, rate and time left. The rate is that since the bar's stage began. */
export function Progress({ value, onCancel }: { value: TaskProgress | null; onCancel?: () => void }) {
  const { t, lang } = useWords();
  const start = useRef({ stage: '', at: 0, done: 0 });
  if (value && start.current.stage !== value.stage) start.current = { stage: value.stage, at: performance.now(), done: value.done };
  const seconds = (performance.now() - start.current.at) / 1000;
  const rate = value && seconds > 0.5 ? (value.done - start.current.done) / seconds : 0;
  const amount = (n: number) => (value?.unit === 'bytes' ? bytes(lang, n) : number(lang, n));
  return <div className="stack" role="status">
    <progress aria-label={value?.stage ?? t('progress.working')} max={value?.total ?? undefined} value={value?.total ? value.done : undefined} />
    <div className="row">
      {value ? <>
        <span>{value.total ? t('progress.of', { done: amount(value.done), total: amount(value.total) }) : amount(value.done)}</span>
        {rate > 0 && <span className="soft">{t('progress.rate', { rate: amount(rate) })}</span>}
        {rate > 0 && value.total !== null && <span className="soft">{t('progress.left', { time: duration(lang, (value.total - value.done) / rate) })}</span>}
      </> : <span>{t('progress.working')}</span>}
      {onCancel && <button onClick={onCancel}>{t('act.cancel')}</button>}
    </div>
  </div>;
}

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => { box.current?.showModal?.(); }, []);
  return <dialog ref={box} aria-label={title} onCancel={onClose} onClose={onClose}><h2>{title}</h2>{children}</dialog>;
}

/** A button that names what will be lost before it does it. */
export function Confirmed({ label, title, text, onYes, disabled }: { label: string; title: string; text: string; onYes: () => void; disabled?: boolean }) {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  return <>
    <button className="danger" disabled={disabled} onClick={() => setAsking(true)}>{label}</button>
    {asking && <Dialog title={title} onClose={() => setAsking(false)}><p>{text}</p><div className="row">
      <button autoFocus onClick={() => setAsking(false)}>{t('act.keep')}</button>
      <button className="danger" onClick={() => { setAsking(false); onYes(); }}>{label}</button></div></Dialog>}
  </>;
}
