/** @file What a check found: all findings in a virtual list, counts by code, first rows. */
import { useMemo, useState } from 'react';
import type { DatasetReport } from '../../api/generated/types';
import { useWords } from '../../components/basics';
import { number } from '../../lib/format';

const HEIGHT = 64;

export function Report({ report, uploading, onUpload, onRecheck }: { report: DatasetReport; uploading: boolean; onUpload: () => void; onRecheck: () => void }) {
  const { t, lang } = useWords();
  const [code, setCode] = useState('');
  const [top, setTop] = useState(0);
  const counts = useMemo(() => {
    const map = new Map<string, number>();
    for (const finding of report.findings) map.set(finding.code, (map.get(finding.code) ?? 0) + 1);
    return [...map];
  }, [report]);
  const found = code ? report.findings.filter((x) => x.code === code) : report.findings;
  const first = Math.max(0, Math.floor(top / HEIGHT) - 5);
  const shown = found.slice(first, first + 20);
  const blocked = report.findings.some((x) => x.severity === 'error') || report.good_rows === 0;
  return <section className="card stack"><h2>{report.name}</h2><p>{t('datasets.good', { good: number(lang, report.good_rows), rows: number(lang, report.rows) })}</p>
    {report.findings.length === 0 ? <p className="good">{t('datasets.noFindings')}</p> : <>
      <div className="row"><label className="inline">{t('datasets.findings')}<select value={code} onChange={(e) => { setCode(e.target.value); setTop(0); }}>
        <option value="">{t('datasets.all')}</option>{counts.map(([name, count]) => <option key={name} value={name}>{`${name} (${number(lang, count)})`}</option>)}</select></label>
        <span className="soft">{t('datasets.shown', { shown: number(lang, report.findings.length), total: number(lang, report.findings_total) })}</span></div>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('datasets.findings')} onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
        <table aria-rowcount={found.length}><thead><tr><th>{t('col.line')}</th><th>{t('col.kind')}</th><th>{t('col.code')}</th><th>{t('col.at')}</th><th>{t('col.message')}</th></tr></thead>
          <tbody><tr aria-hidden style={{ height: first * HEIGHT }} />{shown.map((x, i) => <tr key={first + i} style={{ height: HEIGHT }}><td>{number(lang, x.line)}</td><td className={x.severity === 'error' ? 'bad' : 'warn'}>{t(`datasets.${x.severity}`)}</td><td>{x.code}</td><td>{x.at}</td><td>{x.message}</td></tr>)}
            <tr aria-hidden style={{ height: Math.max(0, found.length - first - shown.length) * HEIGHT }} /></tbody></table></div></>}
    <details><summary>{t('datasets.preview')}</summary>{report.sample.map((row) => <div key={row.line} className="card"><strong>{t('col.line')} {row.line}</strong>{row.messages.map((m, i) => <p key={i}><span className="soft">{m.role}</span> {m.content}</p>)}</div>)}</details>
    <div className="row"><button className="main" disabled={blocked || uploading} aria-describedby={blocked ? 'blocked' : undefined} onClick={onUpload}>{t('datasets.upload')}</button>
      <button onClick={onRecheck}>{t('datasets.recheck')}</button>{blocked && <span id="blocked" className="bad">{t('datasets.blocked')}</span>}</div>
  </section>;
}
