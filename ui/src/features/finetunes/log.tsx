/** @file The training's log. Stays at its end while it grows, unless the reader has scrolled up. */
import { useEffect, useRef } from 'react';
import { useCall } from '../../api/use';
import { Answer, Nothing } from '../../components/state';
import { useWords } from '../../i18n/use';

export function Log({ id, running }: { id: string; running: boolean }) {
  const { t } = useWords();
  const logs = useCall('tune_logs', { job_id: id, offset: 0 }, { every: running ? 3000 : undefined });
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lines = logs.data?.lines;
  useEffect(() => { if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight; }, [lines]);
  const onScroll = () => { const el = box.current; if (el) atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < 24; };
  return <Answer query={logs} rows={8}>{(log) => (log.lines.length === 0 ? <Nothing title={t('tunes.noLog')} />
    : <div ref={box} className="log" tabIndex={0} role="log" aria-label={t('tunes.tabs.log')} onScroll={onScroll}><pre>{log.lines.join('\n')}</pre></div>)}</Answer>;
}
