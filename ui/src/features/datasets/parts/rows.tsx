/** @file A version's rows, a million of them: a list that draws what is in view, and the chosen row in full beside it. */
import { Tag } from 'antd';
import { memo, useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { BrowsedRow, VersionFinding } from '../../../api/generated/types';
import { IconBad, IconWarn } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { brief, type Spot } from './place';
import { usePages } from './pages';
import { RowView } from './row';
import { useScroll } from './scroll';

/** Of a row in the list, in pixels; `.line` in the style sheet is as high. */
const HEIGHT = 54;

type Props = {
  dataset: string; version: number; total: number;
  /** The row to begin with, from 0; another object goes there, also to the same row again. */
  start: { n: number };
  spot?: Spot | null;
  /** What a check found on a line. */
  found?: (line: number) => VersionFinding[];
  onSpot?: (spot: Spot) => void;
};

export function Rows({ dataset, version, total, start, spot, found, onSpot }: Props) {
  const { t, lang } = useWords();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(start.n);
  const scroll = useScroll(box, total, HEIGHT);
  const pages = usePages(dataset, version, total, scroll.first);
  const { show } = scroll;
  const choose = (n: number) => { const next = Math.min(Math.max(0, n), total - 1); setChosen(next); show(next); };
  const shown = useRef<object | null>(null);
  useEffect(() => {
    if (shown.current === start) return;
    shown.current = start;
    const n = Math.min(Math.max(0, start.n), total - 1);
    setChosen(n);
    show(n);
  }, [start, show, total]);
  const page = Math.max(1, Math.floor(scroll.view / HEIGHT) - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: chosen + page, PageUp: chosen - page, Home: 0, End: total - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  };
  const numbers = Array.from({ length: Math.max(0, scroll.last - scroll.first + 1) }, (_, i) => scroll.first + i);
  const row = pages.at(chosen);
  const drawn = chosen >= scroll.first && chosen <= scroll.last;
  return <>
    <Refusal error={pages.error} onRetry={pages.again} />
    <div className="browser">
      <div ref={box} className="browser-list" role="listbox" tabIndex={0} aria-label={t('detail.rowList', { total: number(lang, total) })} aria-activedescendant={drawn ? `${id}-${chosen}` : undefined} onScroll={scroll.onScroll} onKeyDown={onKeyDown}>
        <div role="presentation" style={{ height: scroll.length }}><div role="presentation" className="browser-layer" style={{ height: scroll.view }}>
          {numbers.map((n) => <Line key={n} id={`${id}-${n}`} n={n} total={total} row={pages.at(n)} top={scroll.place(n)} chosen={n === chosen} found={found} onChoose={choose} />)}
        </div></div>
      </div>
      <section className="browser-row" tabIndex={0} aria-label={t('detail.chosenRow')} aria-busy={row === undefined}>
        {row ? <RowView key={row.number} row={row} spot={spot} findings={found?.(row.line)} onFinding={onSpot} /> : !pages.error && <p role="status" className="soft">{t('progress.working')}</p>}
      </section>
    </div>
  </>;
}

type LineProps = { id: string; n: number; total: number; row: BrowsedRow | undefined; top: number; chosen: boolean; found: Props['found']; onChoose: (n: number) => void };

function Line({ id, n, total, row, top, chosen, found, onChoose }: LineProps) {
  return <div id={id} role="option" aria-selected={chosen} aria-setsize={total} aria-posinset={n + 1} className="line" style={{ transform: `translateY(${top}px)` }} onClick={() => onChoose(n)}>
    <LineText n={n} row={row} findings={row && found ? found(row.line) : none} />
  </div>;
}
const none: VersionFinding[] = [];

/** Drawn again only when its row changes: scrolling moves the line around it. */
const LineText = memo(function LineText({ n, row, findings }: { n: number; row: BrowsedRow | undefined; findings: VersionFinding[] }) {
  const { t, lang } = useWords();
  if (!row) return <><span className="line-no">{number(lang, n + 1)}</span><span className="line-wait" role="img" aria-label={t('progress.working')} /></>;
  const { head, tail } = brief(row);
  const bad = row.raw !== null || findings.some((finding) => finding.severity === 'error');
  return <><span className="line-no">{number(lang, n + 1)}</span>
    <span className="line-text"><span className={row.raw === null ? undefined : 'line-raw'}>{head || t('detail.emptyContent')}</span><span className="soft">{tail}</span></span>
    <span className="line-marks">{row.messages.length > 2 && <span className="soft">{t('detail.turns', { count: row.messages.length })}</span>}{row.provenance !== null && <Tag color="processing">{t('detail.generated')}</Tag>}
      {bad ? <span role="img" className="bad" aria-label={t('datasets.error')}><IconBad /></span> : findings.length > 0 && <span role="img" className="warn" aria-label={t('datasets.warning')}><IconWarn /></span>}</span></>;
});
