/** @file What was done with personal data and secrets, as the signed report states it. */
import { Tag } from 'antd';
import type { KeptPrivacy, PrivacyKind } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { figure, Grid } from '../../../components/grid';
import { IconGood } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { useWords } from '../../../i18n/use';
import { moment, number, short } from '../../../lib/format';
import type { MaskWay } from '../../../api/generated/types';

type Line = { kind: string; label: string; found: number; done: [string, number][] };

export function Statement({ kept: { report, path }, kinds }: { kept: KeptPrivacy; kinds: readonly PrivacyKind[] }) {
  const { t, lang } = useWords();
  if (!report) return null;
  const label = (kind: string) => kinds.find((one) => one.kind === kind)?.label ?? kind;
  const lines: Line[] = Object.entries(report.found).map(([kind, found]) => ({ kind, label: label(kind), found, done: Object.entries(report.done[kind] ?? {}) }));
  const columns = [
    { title: t('col.kind'), key: 'kind', render: (line: Line) => line.label },
    { title: t('wizard.foundTimes'), key: 'found', width: 110, ...figure, render: (line: Line) => number(lang, line.found) },
    { title: t('wizard.done'), key: 'done', render: (line: Line) => <span className="row">{line.done.map(([way, n]) => <Tag key={way} color={way === 'keep' ? 'warning' : undefined}>{t(`datasets.way.${way as MaskWay}`)} {number(lang, n)}</Tag>)}</span> },
  ];
  return <Panel title={t('wizard.statement')} extra={<span className="good"><IconGood aria-hidden /> {t('wizard.signed')}</span>}>
    <div className="stack">
      {lines.length > 0 ? <Grid label={t('wizard.statement')} rows={lines} columns={columns} rowKey="kind" /> : <p className="soft">{t('wizard.noFinds')}</p>}
      <dl className="facts one">
        <div><dt>{t('wizard.signedAt')}</dt><dd>{moment(lang, report.time)}</dd></div>
        <div><dt>{t('wizard.maskedHash')}</dt><dd><CopyText text={report.output_sha256} shown={short(report.output_sha256, 16)} what={t('wizard.maskedHash')} /></dd></div>
        <div><dt>{t('wizard.fingerprint')}</dt><dd><CopyText text={report.fingerprint} shown={short(report.fingerprint, 24)} what={t('wizard.fingerprint')} /></dd></div>
        {path && <div><dt>{t('wizard.reportPath')}</dt><dd><CopyText text={path} what={t('wizard.reportPath')} /></dd></div>}
      </dl>
    </div>
  </Panel>;
}
