/** @file One column of the playground: who answers, the answers, and the figures of each. */
import { Button, Select } from 'antd';
import { useEffect, useMemo, useRef } from 'react';
import { IconDelete } from '../../components/icons';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { bytes, number, rate } from '../../lib/format';
import { difference } from '../../lib/diff';
import { removeColumn, setTarget, useDuel, type Column, type Turn } from './duel';
import { valueOf, type Option } from '../../components/targets';

type Group = { label: string; options: { value: string; label: string }[] };
type Props = { column: Column; index: number; rival: Column | undefined; groups: Group[]; all: Option[]; removable: boolean };

export function Answers({ column, index, rival, groups, all, removable }: Props) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const value = valueOf(column.target);
  const who = all.find((option) => option.value === value)?.label ?? t('play.column', { n: index + 1 });
  const last = column.turns.at(-1);
  useEffect(() => { if (box.current) box.current.scrollTop = box.current.scrollHeight; }, [column.turns.length, last?.text]);
  return <section className="panel play-column" aria-label={t('play.column', { n: index + 1 })}>
    <div className="play-head">
      <Select className="grow" value={value} placeholder={t('play.choose')} aria-label={`${t('play.column', { n: index + 1 })}: ${t('play.choose')}`} options={groups} popupMatchSelectWidth={false} disabled={last?.running}
        onChange={(next) => setTarget(column.key, all.find((option) => option.value === next)?.target ?? null)} />
      {removable && <Button type="text" icon={<IconDelete />} aria-label={t('play.removeColumn', { n: index + 1 })} onClick={() => removeColumn(column.key)} />}
    </div>
    <div ref={box} className="play-answers" tabIndex={0} role="region" aria-label={t('play.answer', { who })}>
      {column.turns.length === 0 && <p className="soft play-empty">{t('play.empty')}</p>}
      {column.turns.map((turn, i) => <Reply key={i} turn={turn} rival={rival?.turns[i]} />)}
    </div>
  </section>;
}

function Reply({ turn, rival }: { turn: Turn; rival: Turn | undefined }) {
  const { t } = useWords();
  const mark = useDuel((duel) => duel.options.differences);
  const compared = mark && !turn.running && rival && !rival.running && rival.text ? rival.text : null;
  const parts = useMemo(() => (compared === null ? null : difference(turn.text, compared)), [turn.text, compared]);
  return <div className="reply">
    <div className="bubble bubble-user"><span className="bubble-role">{t('play.you')}</span><p>{turn.prompt}</p></div>
    {(turn.text || turn.running) && <div className="bubble bubble-assistant" aria-live="polite" aria-busy={turn.running}>
      {turn.text ? <p>{parts ? parts.map((part, i) => (part.differs ? <mark key={i}>{part.text}</mark> : part.text)) : turn.text}{turn.running && <span className="caret" aria-hidden />}</p>
        : <p className="soft">{turn.loading ? t('play.loading') : t('play.waiting')}</p>}
    </div>}
    <Refusal error={turn.error} />
    <Facts turn={turn} />
  </div>;
}

function Facts({ turn }: { turn: Turn }) {
  const { t, lang } = useWords();
  const { done } = turn;
  const facts = [
    turn.stopped && t('play.stopped'), done?.finish_reason === 'length' && t('play.cut'),
    done && t('play.speed', { tps: rate(lang, done.tokens_per_second) }),
    done && t('play.first', { ms: new Intl.NumberFormat(lang, { style: 'unit', unit: 'millisecond', maximumFractionDigits: 0 }).format(done.first_token_ms) }),
    done && t('play.tokens', { n: number(lang, done.output_tokens) }),
    done?.memory_bytes != null && t('play.memory', { size: bytes(lang, done.memory_bytes) }),
  ].filter((fact): fact is string => typeof fact === 'string');
  return facts.length > 0 ? <p className="reply-facts">{facts.map((fact) => <span key={fact}>{fact}</span>)}</p> : null;
}
