/** @file What becomes of the first rows by the recipe as it is now. Asked again a moment after the last change. */
import { Skeleton } from 'antd';
import { useCall } from '../../../../api/use';
import type { PreviewedRow, Recipe, SourceReading } from '../../../../api/generated/types';
import { IconMinus } from '../../../../components/icons';
import { Panel } from '../../../../components/page';
import { Refusal } from '../../../../components/state';
import { useWords } from '../../../../i18n/use';
import { number } from '../../../../lib/format';
import { Conversation } from '../../parts/conversation';
import { useRested } from '../rested';

export function Previewed({ rows }: { rows: readonly PreviewedRow[] }) {
  const { t, lang } = useWords();
  return <div className="preview" tabIndex={0} role="region" aria-label={t('datasets.preview')}>
    {rows.map((row) => {
      const label = t('wizard.rowNo', { row: number(lang, row.at) });
      return row.skipped === null ? <Conversation key={row.at} label={label} messages={row.messages} rejected={row.rejected} />
        : <p key={row.at} className="skipped"><IconMinus aria-hidden /> <span><b>{label}</b> {t('wizard.skipped', { why: row.skipped })}</span></p>;
    })}
  </div>;
}

type Props = { path: string; reading: SourceReading; recipe: Recipe; guess?: readonly PreviewedRow[] };

export function Live({ path, reading, recipe, guess }: Props) {
  const { t, lang } = useWords();
  const rested = useRested(recipe);
  const preview = useCall('source_preview', { path, reading, recipe: rested }, { enabled: !guess, keep: true });
  const rows = guess ?? preview.data;
  const skipped = rows?.filter((row) => row.skipped !== null).length ?? 0;
  const waits = !guess && (rested !== recipe || preview.isFetching);
  return <Panel title={t('wizard.live')} lead={rows && t('wizard.liveText', { good: number(lang, rows.length - skipped), rows: number(lang, rows.length) })}>
    <div aria-busy={waits}><Refusal error={guess ? null : preview.error} onRetry={() => void preview.refetch()} />
      {rows ? <div className={preview.error && !guess ? 'stale' : ''}><Previewed rows={rows} /></div> : !preview.error && <div role="status" aria-label={t('progress.working')}><Skeleton active title={false} /></div>}</div>
  </Panel>;
}
