/** @file A long task's bar: what it does, amount, rate, time left, cancel. The rate is that of the last seconds. */
import { Button, Progress } from 'antd';
import { useRef } from 'react';
import type { TaskProgress } from '../api/generated/types';
import { bytes, duration, number } from '../lib/format';
import { useWords, wordFor } from '../i18n/use';

type Seen = { at: number; done: number };

/** Units a second over a window of about five seconds; 0 while too little is known. */
function useRate(value: TaskProgress | null): number {
  const seen = useRef<{ stage: string; points: Seen[] }>({ stage: '', points: [] });
  if (!value) return 0;
  const now = performance.now();
  if (seen.current.stage !== value.stage) seen.current = { stage: value.stage, points: [] };
  const { points } = seen.current;
  if (points.at(-1)?.done !== value.done) points.push({ at: now, done: value.done });
  while (points.length > 2 && now - (points[0]?.at ?? now) > 5000) points.shift();
  const first = points[0];
  const seconds = first ? (now - first.at) / 1000 : 0;
  return first && seconds > 0.5 ? (value.done - first.done) / seconds : 0;
}

function useAmount(unit: string) {
  const { t, lang } = useWords();
  return (n: number) => {
    const whole = number(lang, Math.round(n));
    if (unit === 'bytes') return bytes(lang, n);
    return unit === 'rows' || unit === 'tokens' || unit === 'steps' ? t(`progress.${unit}`, { n: whole }) : whole;
  };
}

export function TaskBar({ value, title, onCancel, cancelLabel }: { value: TaskProgress | null; title?: string; onCancel?: () => void; cancelLabel?: string }) {
  const { t, lang } = useWords();
  const speed = useRate(value);
  const amount = useAmount(value?.unit ?? '');
  const total = value?.total ?? null;
  const share = value && total ? Math.min(100, (value.done / total) * 100) : null;
  const stage = value ? wordFor('progress.stage', value.stage) : t('progress.working');
  return <div className="taskbar">
    <div className="taskbar-head"><span className="taskbar-title">{title ?? stage}</span>{title && <span className="soft">{stage}</span>}
      {onCancel && <Button size="small" aria-label={cancelLabel} onClick={onCancel}>{t('act.cancel')}</Button>}</div>
    <Progress percent={share ?? 100} status={share === null ? 'active' : 'normal'} showInfo={false} size="small" aria-label={title ?? stage} aria-valuenow={share === null ? undefined : Math.round(share)} />
    {value && <div className="taskbar-facts">
      <span>{total ? t('progress.of', { done: value.unit === 'bytes' ? amount(value.done) : number(lang, value.done), total: amount(total) }) : amount(value.done)}</span>
      {speed > 0 && <span>{t('progress.rate', { rate: amount(speed) })}</span>}
      {speed > 0 && total !== null && <span>{t('progress.left', { time: duration(lang, (total - value.done) / speed) })}</span>}
    </div>}
  </div>;
}
