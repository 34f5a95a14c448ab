/** @file One row in full: its turns, the answer that was not preferred, the line where it cannot be read, what was found in it. */
import { Tag } from 'antd';
import { useEffect, useRef } from 'react';
import type { BrowsedRow, VersionFinding } from '../../../api/generated/types';
import { IconBad, IconWarn } from '../../../components/icons';
import { useWords, wordFor } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { cutAt, partOf, type Spot } from './place';

/** A text with the place in it that is spoken of. */
function Text({ text, column }: { text: string; column: number }) {
  const cut = cutAt(text, column);
  const mark = useRef<HTMLElement>(null);
  useEffect(() => mark.current?.scrollIntoView?.({ block: 'nearest' }), [column]);
  return cut ? <>{cut.before}<mark ref={mark}>{cut.marked}</mark>{cut.after}</> : <>{text}</>;
}

export function RowView({ row, spot, findings = [], onFinding }: { row: BrowsedRow; spot?: Spot | null; findings?: VersionFinding[]; onFinding?: (finding: VersionFinding) => void }) {
  const { t, lang } = useWords();
  const mine = spot && spot.line === row.line ? spot : null;
  const part = mine ? partOf(row, mine.at) : null;
  const column = (of: number | 'rejected' | null) => (mine && part === of ? mine.column : 0);
  return <article className="row-view" aria-label={t('detail.rowNo', { n: number(lang, row.number + 1) })}>
    <header className="row between"><h2>{t('detail.rowNo', { n: number(lang, row.number + 1) })} <span className="soft">{t('detail.inFile', { line: number(lang, row.line) })}</span></h2>
      <span className="row">{row.raw !== null && <Tag color="error">{t('detail.unreadable')}</Tag>}{row.provenance !== null && <Tag color="processing">{t('detail.generated')}</Tag>}</span></header>
    {findings.length > 0 && <ul className="row-findings" aria-label={t('datasets.findings')}>{findings.map((finding, index) => <li key={index} className={finding.severity === 'error' ? 'bad' : 'warn'}>
      <span role="img" aria-label={t(`datasets.${finding.severity}`)}>{finding.severity === 'error' ? <IconBad /> : <IconWarn />}</span>
      <button type="button" className="link" aria-current={mine?.at === finding.at && mine.column === finding.column ? 'true' : undefined} onClick={() => onFinding?.(finding)}>{finding.message}</button></li>)}</ul>}
    {row.provenance !== null && <p className="soft small">{row.provenance}</p>}
    {row.raw !== null && <><p className="soft small">{t('detail.rawText')}</p><pre className="raw"><Text text={row.raw} column={column(null)} /></pre></>}
    {row.messages.map((message, index) => <div key={index} className={`bubble bubble-${message.role}${part === index ? ' bubble-at' : ''}`}>
      <span className="bubble-role">{wordFor('datasets.role', message.role)}{row.rejected !== null && index === row.messages.length - 1 && <> · {t('detail.preferred')}</>}</span>
      {message.content === '' ? <p className="soft">{t('detail.emptyContent')}</p> : <p><Text text={message.content} column={column(index)} /></p>}</div>)}
    {row.rejected !== null && <div className={`bubble bubble-rejected${part === 'rejected' ? ' bubble-at' : ''}`}><span className="bubble-role">{t('detail.rejected')}</span><p><Text text={row.rejected} column={column('rejected')} /></p></div>}
    {row.cut && <p className="soft small">{t('detail.cut')}</p>}
  </article>;
}
