/** @file Step three: personal data and secrets that the check found go up only by an explicit yes. */
import { Checkbox } from 'antd';
import { useCall } from '../../../api/use';
import type { VersionReport } from '../../../api/generated/types';
import { IconGood } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Answer } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { Groups } from '../parts/groups';
import { Foot } from './frame';
import type { VersionProps } from './wizard';

export function PrivacyStep(props: VersionProps) {
  const { dataset, version } = props;
  const report = useCall('version_report', { dataset, version });
  return <Answer query={report} rows={6}>{(data) => <Decide key={version} {...props} report={data.report} />}</Answer>;
}

function Decide({ draft, update, version, report }: VersionProps & { report: VersionReport | null }) {
  const { t, lang } = useWords();
  const found = (report?.groups ?? []).filter((group) => group.area === 'privacy' || group.area === 'secrets');
  const total = found.reduce((sum, group) => sum + group.total, 0);
  const agreed = draft.keptFinds === version;
  const stop = report === null ? t('wizard.stopUnchecked') : total > 0 && !agreed ? t('wizard.stopKept') : null;
  const kinds = new Intl.ListFormat(lang, { style: 'narrow', type: 'conjunction' }).format(found.map((group) => t('wizard.kindTotal', { kind: group.title, n: number(lang, group.total) })));
  return <>
    {report && <Panel title={t('wizard.finds')}>{found.length === 0 ? <p className="all-good"><IconGood aria-hidden /> {t('wizard.noFinds')}</p> : <Groups groups={found} />}</Panel>}
    {total > 0 && <Panel className="keep-finds"><Checkbox checked={agreed} onChange={(event) => update({ keptFinds: event.target.checked ? version : null })}>
      <span className="cell-two"><b>{t('wizard.keepFinds', { count: total, n: number(lang, total) })}</b><span className="soft">{t('wizard.keepFindsText', { kinds })}</span></span></Checkbox></Panel>}
    <Foot onBack={() => update({ step: 'check' })} stop={stop} next={t('wizard.toUpload')} onNext={() => update({ step: 'upload', reached: 'upload' })} />
  </>;
}
