/** @file Where a month's money went, by model or by kind: exact sums, and a bar for the eye. */
import { Progress } from 'antd';
import { useMemo } from 'react';
import type { BillLine, Money } from '../../api/generated/types';
import { figure, Grid } from '../../components/grid';
import { useWords, wordFor } from '../../i18n/use';
import { compare, sum } from '../../lib/decimal';
import { money, number, percent } from '../../lib/format';

type Part = { name: string; lines: number; cost: Money; share: number };

/** One entry a name and currency, dearest first. Sums are exact; only the bar's share is a float. */
export function parts(lines: BillLine[], by: 'model' | 'kind'): Part[] {
  const groups = new Map<string, BillLine[]>();
  for (const line of lines) {
    const key = `${line[by]}\n${line.cost.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const total = Number(sum(lines.map((line) => line.cost.amount))) || 1;
  return [...groups.values()].map((group) => {
    const amount = sum(group.map((line) => line.cost.amount));
    return { name: group[0]?.[by] ?? '', lines: group.length, cost: { amount, currency: group[0]?.cost.currency ?? 'CNY' }, share: Math.max(0, Number(amount) / total) };
  }).sort((a, b) => compare(b.cost.amount, a.cost.amount));
}

export function Breakdown({ lines, by }: { lines: BillLine[]; by: 'model' | 'kind' }) {
  const { t, lang } = useWords();
  const rows = useMemo(() => parts(lines, by), [lines, by]);
  const columns = [
    { title: by === 'model' ? t('col.model') : t('col.kind'), key: 'name', render: (part: Part) => <span className="break">{by === 'kind' ? wordFor('usage', part.name) : part.name}</span> },
    { title: t('col.share'), key: 'share', width: 220, render: (part: Part) => <div className="bar"><Progress percent={part.share * 100} showInfo={false} size="small" aria-label={part.name} /><span className="soft num">{percent(lang, part.share)}</span></div> },
    { title: t('usage.lines'), key: 'lines', width: 120, ...figure, render: (part: Part) => number(lang, part.lines) },
    { title: t('col.cost'), key: 'cost', width: 150, ...figure, render: (part: Part) => money(lang, part.cost) },
  ];
  return <Grid label={t('usage.breakdown')} rows={rows} columns={columns} rowKey={(part) => `${part.name}/${part.cost.currency}`} size="small" />;
}
