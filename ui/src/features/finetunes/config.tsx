/** @file The settings a fine-tune was started with, by the names of the wire and of this program. */
import type { HyperParameters, TuneRow } from '../../api/generated/types';
import { useWords, wordFor } from '../../i18n/use';
import { number } from '../../lib/format';

export function Config({ job }: { job: TuneRow }) {
  const { t, lang } = useWords();
  const entries = Object.entries(job.hyper_parameters) as [keyof HyperParameters, number | string][];
  const shown = (value: number | string) => (typeof value === 'number' ? number(lang, value, 10) : wordFor('tunes.schedule', value));
  return <dl className="facts">
    <div><dt>{t('tunes.model')}</dt><dd>{job.model}</dd></div>
    {job.training_type && <div><dt>{t('tunes.kind')}</dt><dd>{t(`tunes.kinds.${job.training_type}`)}</dd></div>}
    {entries.map(([key, value]) => <div key={key}><dt>{t(`tunes.hyper.${key}`)} <code className="soft">{key}</code></dt><dd>{key === 'seed' ? String(value) : shown(value)}</dd></div>)}
  </dl>;
}
