/** @file Personal data and secrets of a version: what is there, what is done with each kind, side by side, and the kept report. */
import { Button } from 'antd';
import { useMemo, useState } from 'react';
import { useCall } from '../../../api/use';
import type { MaskPlan, MaskPreview, PrivacyKind, VersionRow } from '../../../api/generated/types';
import { IconGood, IconKey } from '../../../components/icons';
import { Answer } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { MaskedRows, usualPlan, Ways } from '../parts/masking';
import { OwnRules } from '../parts/own';
import { Statement } from './statement';
import type { Work } from './work';

export function Privacy({ row, work }: { row: VersionRow; work: Work }) {
  const kept = useCall('privacy_report', { dataset: row.dataset, version: row.version });
  const kinds = useCall('privacy_kinds', {});
  return <div className="stack wide-gap">
    <Answer query={kinds}>{(known) => <>
      <Answer query={kept} rows={2}>{({ report, path }) => report && <Statement statement={report} path={path} kinds={known} />}</Answer>
      <Masking row={row} kinds={known} work={work} />
    </>}</Answer>
  </div>;
}

function Masking({ row, kinds, work }: { row: VersionRow; kinds: PrivacyKind[]; work: Work }) {
  const [plan, setPlan] = useState<MaskPlan>(() => usualPlan(kinds));
  const preview = useCall('mask_preview', { dataset: row.dataset, version: row.version, plan }, { keep: true });
  // What was seen stays in view when a rule of one's own is refused: it must be possible to take the rule back.
  const [last, setLast] = useState<MaskPreview>();
  if (preview.data && preview.data !== last) setLast(preview.data);
  const stale = preview.isPlaceholderData || preview.error !== null;
  return <Answer query={{ ...preview, data: preview.data ?? last }} rows={6}>{(found) => <Plan found={found} stale={stale} kinds={kinds} plan={plan} onPlan={setPlan} busy={work.busy} onStart={() => void work.mask.run({ dataset: row.dataset, version: row.version, plan })} />}</Answer>;
}

type PlanProps = { found: MaskPreview; stale: boolean; kinds: PrivacyKind[]; plan: MaskPlan; onPlan: (plan: MaskPlan) => void; busy: boolean; onStart: () => void };

function Plan({ found, stale, kinds, plan, onPlan, busy, onStart }: PlanProps) {
  const { t } = useWords();
  // A kind of the user's own is known by the name of its rule only.
  const shown = useMemo(() => Object.entries(found.counts).filter(([, total]) => total > 0).sort((a, b) => b[1] - a[1])
    .map(([kind, total]) => ({ ...(kinds.find((known) => known.kind === kind) ?? { kind, label: kind, secret: false }), total })), [found, kinds]);
  const acting = shown.some((kind) => (plan.ways[kind.kind] ?? plan.otherwise) !== 'keep');
  return <>
    <div className="panel-head"><div><h2>{t('detail.sensitiveTitle')}</h2><p className="soft">{t(found.whole ? 'detail.sensitiveWhole' : 'detail.sensitivePart')}</p></div>
      <Button type="primary" icon={<IconKey aria-hidden />} disabled={!acting || busy || stale} onClick={onStart}>{t('detail.maskNow')}</Button></div>
    {shown.length === 0 ? <p className="all-good"><IconGood aria-hidden /> {t(found.whole ? 'detail.noneSensitive' : 'detail.noneSensitivePart')}</p>
      : <Ways found={shown} plan={plan} onPlan={onPlan} disabled={busy} />}
    <section className="stack" aria-label={t('detail.own')}><div><h2>{t('detail.own')}</h2><p className="soft small">{t('detail.ownText')}</p></div><OwnRules rules={plan.own} disabled={busy} onRules={(own) => onPlan({ ...plan, own })} /></section>
    {found.rows.length > 0 && <section className="stack" aria-busy={stale}><h2>{t('detail.preview')}</h2><MaskedRows rows={found.rows} kinds={kinds} /></section>}
  </>;
}
