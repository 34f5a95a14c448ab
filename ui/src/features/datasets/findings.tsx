/** @file Every finding of a check in a list that draws only what is in view; by severity. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { Segmented } from 'antd';
import { useMemo, useRef, useState } from 'react';
import type { DatasetReport, Finding, Severity } from '../../api/generated/types';
import { IconBad, IconGood, IconWarn } from '../../components/icons';
import { useWords } from '../../i18n/use';
import { number } from '../../lib/format';

export function Findings({ report }: { report: DatasetReport }) {
  const { t, lang } = useWords();
  const [kind, setKind] = useState<Severity | 'all'>('all');
  const { findings } = report;
  const count = useMemo(() => ({ error: findings.filter((x) => x.severity === 'error').length, warning: findings.filter((x) => x.severity === 'warning').length }), [findings]);
  const shown = useMemo(() => (kind === 'all' ? findings : findings.filter((x) => x.severity === kind)), [findings, kind]);
  if (findings.length === 0) return <p className="all-good"><IconGood aria-hidden /> {t('datasets.noFindings')}</p>;
  const option = (value: Severity | 'all', words: string, n: number) => ({ value, label: `${words} ${number(lang, n)}` });
  return <div className="stack">
    <div className="row between">
      <Segmented size="small" aria-label={t('datasets.filter')} name="severity" value={kind} onChange={setKind}
        options={[option('all', t('datasets.all'), findings.length), option('error', t('datasets.errors'), count.error), option('warning', t('datasets.warnings'), count.warning)]} />
      {report.findings_total > findings.length && <span className="soft">{t('datasets.shown', { shown: number(lang, findings.length), total: number(lang, report.findings_total) })}</span>}
    </div>
    {shown.length === 0 ? <p className="soft">{t('datasets.noneOfKind')}</p> : <List key={kind} findings={shown} />}
  </div>;
}

function List({ findings }: { findings: Finding[] }) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: findings.length, getScrollElement: () => box.current, estimateSize: () => 58, overscan: 6, initialRect: { width: 800, height: 320 } });
  return <div ref={box} className="findings" tabIndex={0} role="region" aria-label={t('datasets.findings')}>
    <ul style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((item) => {
        const finding = findings[item.index];
        return finding && <li key={item.key} ref={rows.measureElement} data-index={item.index} aria-setsize={findings.length} aria-posinset={item.index + 1} style={{ transform: `translateY(${item.start}px)` }}><Row finding={finding} /></li>;
      })}
    </ul>
  </div>;
}

function Row({ finding }: { finding: Finding }) {
  const { t, lang } = useWords();
  const error = finding.severity === 'error';
  return <div className="finding">
    <span className={error ? 'bad' : 'warn'} role="img" aria-label={t(`datasets.${finding.severity}`)}>{error ? <IconBad /> : <IconWarn />}</span>
    <span className="finding-line">{finding.line === 0 ? t('datasets.wholeFile') : t('datasets.lineNo', { line: number(lang, finding.line) })}</span>
    <div className="finding-text"><span>{finding.message}</span><span className="soft"><code>{finding.code}</code>{finding.at && <> · <code>{finding.at}</code></>}</span></div>
  </div>;
}
