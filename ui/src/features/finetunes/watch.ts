/** @file A fine-tune as it is now: what is stored, overtaken by what streams in. */
import { useEffect, useMemo, useState } from 'react';
import { useCall, useStream } from '../../api/use';
import type { TuneMetric, TuneStatus } from '../../api/generated/types';

export const ended = (status: TuneStatus) => status === 'SUCCEEDED' || status === 'FAILED' || status === 'CANCELED';

/** Metrics by step: what was recorded, then what streams in; a step seen twice counts once. */
export function joined(recorded: TuneMetric[], live: TuneMetric[]): TuneMetric[] {
  return [...new Map([...recorded, ...live].map((metric) => [metric.step, metric])).values()].sort((a, b) => a.step - b.step);
}

export function useTune(id: string) {
  const query = useCall('tune_get', { job_id: id });
  const recorded = useCall('tune_metrics', { job_id: id });
  const watch = useStream('tune_watch', { bound: true, key: id });
  const [live, setLive] = useState<TuneMetric[]>([]);
  const running = query.data !== undefined && !ended(query.data.status);
  const { run, cancel } = watch;
  useEffect(() => {
    if (!running) return;
    void run({ job_id: id }, (event) => { if (event.metrics.length) setLive((old) => joined(old, event.metrics)); });
    return cancel;
  }, [running, run, cancel, id]);
  const metrics = useMemo(() => joined(recorded.data?.metrics ?? [], live), [recorded.data, live]);
  return { query, job: (running && watch.event?.job) || query.data, metrics, running, lost: watch.error, again: () => void run({ job_id: id }) };
}
