/** @file Every finding of a check in a list that draws only what is in view; by severity and kind, each with the way to its row. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { Button, Segmented, Select } from 'antd';
import { useMemo, useRef, useState } from 'react';
import type { Severity, VersionFinding, VersionReport } from '../../../api/generated/types';
import { IconBad, IconGood, IconWarn } from '../../../components/icons';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';

type Show = (line: number, finding: VersionFinding) => void;
type Props = {
  report: VersionReport;
  /** The only kind that is listed. */
  code?: string | null;
  onCode?: (code: string | null) => void;
  /** Shows the row on a line. */
  onShow?: Show;
};

/** All findings by severity, the listed and the counted ones. */
function totals(report: VersionReport, code: string | null | undefined) {
  const groups = report.groups.filter((group) => !code || group.code === code);
  const sum = (severity: Severity) => groups.filter((group) => group.severity === severity).reduce((so, group) => so + group.total, 0);
  return { error: sum('error'), warning: sum('warning') };
}

export function Findings({ report, code = null, onCode, onShow }: Props) {
  const { t, lang } = useWords();
  const [kind, setKind] = useState<Severity | 'all'>('all');
  const count = useMemo(() => totals(report, code), [report, code]);
  const shown = useMemo(() => report.findings.filter((one) => (kind === 'all' || one.severity === kind) && (!code || one.code === code)), [report.findings, kind, code]);
  if (report.findings.length === 0) return <p className="all-good"><IconGood aria-hidden /> {t('datasets.noFindings')}</p>;
  const option = (value: Severity | 'all', words: string, n: number) => ({ value, label: `${words} ${number(lang, n)}` });
  const wanted = kind === 'all' ? count.error + count.warning : count[kind];
  return <div className="stack">
    <div className="row between">
      <Segmented size="small" aria-label={t('datasets.filter')} name="severity" value={kind} onChange={setKind}
        options={[option('all', t('datasets.all'), count.error + count.warning), option('error', t('datasets.errors'), count.error), option('warning', t('datasets.warnings'), count.warning)]} />
      {onCode && <Select size="small" className="finding-kind" aria-label={t('datasets.filterKind')} value={code ?? ''} onChange={(value) => onCode(value || null)} popupMatchSelectWidth={false}
        options={[{ value: '', label: t('datasets.everyKind') }, ...report.groups.map((group) => ({ value: group.code, label: `${group.title} (${number(lang, group.total)})` }))]} />}
    </div>
    {wanted > shown.length && <span className="soft">{t('datasets.shown', { shown: number(lang, shown.length), total: number(lang, wanted) })}</span>}
    {shown.length === 0 ? <p className="soft">{t('datasets.noneOfKind')}</p> : <List key={`${kind}/${code}`} findings={shown} onShow={onShow} />}
  </div>;
}

function List({ findings, onShow }: { findings: VersionFinding[]; onShow?: Show }) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: findings.length, getScrollElement: () => box.current, estimateSize: () => 58, overscan: 6, initialRect: { width: 800, height: 320 } });
  return <div ref={box} className="findings" tabIndex={0} role="region" aria-label={t('datasets.findings')}>
    <ul style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((item) => {
        const finding = findings[item.index];
        return finding && <li key={item.key} ref={rows.measureElement} data-index={item.index} aria-setsize={findings.length} aria-posinset={item.index + 1} style={{ transform: `translateY(${item.start}px)` }}><Row finding={finding} onShow={onShow} /></li>;
      })}
    </ul>
  </div>;
}

function Row({ finding, onShow }: { finding: VersionFinding; onShow?: Show }) {
  const { t, lang } = useWords();
  const error = finding.severity === 'error';
  const line = finding.line === 0 ? t('datasets.wholeFile') : t('datasets.lineNo', { line: number(lang, finding.line) });
  return <div className="finding">
    <span className={error ? 'bad' : 'warn'} role="img" aria-label={t(`datasets.${finding.severity}`)}>{error ? <IconBad /> : <IconWarn />}</span>
    <span className="finding-line">{line}</span>
    <div className="finding-text"><span>{finding.message}</span>
      <span className="soft"><code>{finding.code}</code>{finding.at && <> · <code>{finding.at}</code></>}{finding.column > 0 && <> · {t('datasets.columnNo', { column: number(lang, finding.column) })}</>}</span></div>
    {onShow && finding.line > 0 && <Button size="small" type="text" aria-label={t('datasets.showLine', { line: number(lang, finding.line) })} onClick={() => onShow(finding.line, finding)}>{t('datasets.showRow')}</Button>}
  </div>;
}
