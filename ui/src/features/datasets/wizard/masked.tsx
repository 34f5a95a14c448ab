/** @file What masking would do, side by side, and masking. */
import { Button } from 'antd';
import { useCall } from '../../../api/use';
import type { MaskPlan, PrivacyKind } from '../../../api/generated/types';
import { Panel } from '../../../components/page';
import { Answer } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { MaskedRows } from '../parts/masking';
import { useRested } from './rested';

type Props = { dataset: string; version: number; plan: MaskPlan; kinds: readonly PrivacyKind[]; again: boolean; busy: boolean; onMask: () => void };

export function MaskedPreview({ dataset, version, plan, kinds, again, busy, onMask }: Props) {
  const { t, lang } = useWords();
  const rested = useRested(plan);
  const preview = useCall('mask_preview', { dataset, version, plan: rested }, { keep: true });
  const waits = rested !== plan || preview.isFetching;
  return <Panel title={t('datasets.sideBySide')} lead={t('wizard.sideBySideText')} extra={<Button type="primary" disabled={busy || waits || preview.error !== null} onClick={onMask}>{t(again ? 'wizard.maskAgain' : 'wizard.mask')}</Button>}>
    <div aria-busy={waits}><Answer query={preview}>{({ rows, counts, whole }) => <div className="stack">
      <p className="soft">{t('wizard.counted', { count: Object.values(counts).reduce((sum, n) => sum + n, 0), n: number(lang, Object.values(counts).reduce((sum, n) => sum + n, 0)) })} {!whole && t('wizard.partLooked')}</p>
      {rows.length > 0 && <MaskedRows rows={rows} kinds={kinds} />}</div>}</Answer></div>
  </Panel>;
}
