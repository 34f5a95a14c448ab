/** @file Step three: personal data and secrets. Masked into a new version with a signed report, or kept by an explicit yes. */
import { Checkbox } from 'antd';
import { useMemo } from 'react';
import { useCall, useStream } from '../../../api/use';
import type { KeptPrivacy, MaskPlan, PrivacyKind, VersionReport } from '../../../api/generated/types';
import { IconGood } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Answer, Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { usualPlan, Ways, type Found } from '../parts/masking';
import { useMade } from './check';
import { Foot } from './frame';
import { MaskedPreview } from './masked';
import { OwnRules } from './ownrules';
import { Statement } from './statement';
import type { VersionProps } from './wizard';

/** The kind behind the code of a finding, such as `mobile` behind `personal_mobile`. */
const kindOf = (code: string) => code.replace(/^(personal|secret)_/, '');

/** Kinds that a whole check found, the secrets first, then the most frequent. */
export function foundIn(report: VersionReport | null, kinds: readonly PrivacyKind[]): Found[] {
  const totals = new Map((report?.groups ?? []).filter((group) => group.area === 'privacy' || group.area === 'secrets').map((group) => [kindOf(group.code), group.total]));
  return kinds.flatMap((kind) => { const total = totals.get(kind.kind); return total ? [{ ...kind, total }] : []; }).sort((a, b) => Number(b.secret) - Number(a.secret) || b.total - a.total);
}

/** What a masked version still holds: finds that its signed report says were kept. */
export function keptIn({ report }: KeptPrivacy, kinds: readonly PrivacyKind[]): Found[] {
  return Object.entries(report?.done ?? {}).flatMap(([kind, by]) => {
    const total = by.keep ?? 0;
    return total > 0 ? [{ ...(kinds.find((one) => one.kind === kind) ?? { kind, label: kind, secret: false }), total }] : [];
  });
}

export function PrivacyStep(props: VersionProps) {
  const { dataset, version } = props;
  const kinds = useCall('privacy_kinds', {});
  const report = useCall('version_report', { dataset, version });
  const kept = useCall('privacy_report', { dataset, version });
  const all = { data: kinds.data && report.data && kept.data ? { kinds: kinds.data, report: report.data.report, kept: kept.data } : undefined, error: kinds.error ?? report.error ?? kept.error, isPending: kinds.isPending || report.isPending || kept.isPending,
    refetch: () => { void kinds.refetch(); void report.refetch(); void kept.refetch(); } };
  return <Answer query={all} rows={6}>{(data) => <Decide key={version} {...props} {...data} />}</Answer>;
}

function Decide({ id, draft, update, dataset, version, kinds, report, kept }: VersionProps & { kinds: PrivacyKind[]; report: VersionReport | null; kept: KeptPrivacy }) {
  const { t, lang } = useWords();
  const mask = useStream('version_mask', { key: `wizard/${id}` });
  useMade(mask, (made) => update({ version: made.version.version, reached: 'privacy', keptFinds: null, parts: null, sent: {} }));
  const masked = kept.report !== null;
  const found = useMemo(() => foundIn(report, kinds), [report, kinds]);
  const plan = useMemo<MaskPlan>(() => draft.plan ?? usualPlan(kinds), [draft.plan, kinds]);
  const remains = masked ? keptIn(kept, kinds) : found;
  const total = remains.reduce((sum, kind) => sum + kind.total, 0);
  const agreed = draft.keptFinds === version;
  const unknown = !masked && report === null;
  const stop = mask.running ? null : unknown ? t('wizard.stopUnchecked') : total > 0 && !agreed ? t(masked ? 'wizard.stopKept' : 'wizard.stopFinds') : null;
  const run = () => void mask.run({ dataset, version, plan });
  const something = found.length > 0 || plan.own.length > 0;
  const words = new Intl.ListFormat(lang, { style: 'narrow', type: 'conjunction' }).format(remains.map((kind) => t('wizard.kindTotal', { kind: kind.label, n: number(lang, kind.total) })));
  return <>
    {masked && <Statement kept={kept} kinds={kinds} />}
    {!masked && !unknown && <Panel title={t('wizard.finds')} lead={found.length > 0 ? t('wizard.findsText') : undefined}>
      {found.length === 0 ? <p className="all-good"><IconGood aria-hidden /> {t('wizard.noFinds')}</p> : <Ways found={found} plan={plan} disabled={mask.running} onPlan={(next) => update({ plan: next, keptFinds: null })} />}
    </Panel>}
    {!unknown && <OwnRules rules={plan.own} disabled={mask.running} onRules={(own) => update({ plan: { ...plan, own } })} />}
    {!unknown && (something || plan.own.length > 0) && <MaskedPreview dataset={dataset} version={version} plan={plan} kinds={kinds} again={masked} busy={mask.running} onMask={run} />}
    <Refusal error={mask.error} onRetry={run} onClose={mask.clear} />
    {mask.running && <Panel><TaskBar value={mask.event} title={t('wizard.masking')} onCancel={mask.cancel} /></Panel>}
    {total > 0 && !mask.running && <Panel className="keep-finds"><Checkbox checked={agreed} onChange={(event) => update({ keptFinds: event.target.checked ? version : null })}>
      <span className="cell-two"><b>{t('wizard.keepFinds', { count: total, n: number(lang, total) })}</b><span className="soft">{t('wizard.keepFindsText', { kinds: words })}</span></span></Checkbox></Panel>}
    <Foot onBack={() => update({ step: 'check' })} stop={stop} busy={mask.running} next={t('wizard.toUpload')} onNext={() => update({ step: 'upload', reached: 'upload' })} />
  </>;
}
