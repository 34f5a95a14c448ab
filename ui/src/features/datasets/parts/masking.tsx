/** @file Personal data and secrets: the way with each kind, and rows as they are beside rows as they would be. */
import { Select, Tag } from 'antd';
import { memo, useMemo } from 'react';
import type { MaskedPiece, MaskedRow, MaskPlan, MaskWay, PrivacyKind } from '../../../api/generated/types';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';

/** A kind that was found, and how often. */
export type Found = PrivacyKind & { total: number };

const ways: MaskWay[] = ['mask', 'remove', 'generalise', 'pseudonym', 'keep'];

/** What suits each kind before a person has said anything: secrets go; who and where stay distinguishable. */
export function usualWay(kind: PrivacyKind): MaskWay {
  if (kind.secret) return 'remove';
  return ({ name: 'pseudonym', address: 'generalise', ip: 'generalise' } as Record<string, MaskWay>)[kind.kind] ?? 'mask';
}

export const usualPlan = (kinds: readonly PrivacyKind[]): MaskPlan => ({ otherwise: 'mask', own: [], ways: Object.fromEntries(kinds.map((kind) => [kind.kind, usualWay(kind)])) });

export const wayOf = (plan: MaskPlan, kind: string): MaskWay => plan.ways[kind] ?? plan.otherwise;

/** A way for each kind that was found. */
export function Ways({ found, plan, onPlan, disabled }: { found: readonly Found[]; plan: MaskPlan; onPlan: (plan: MaskPlan) => void; disabled?: boolean }) {
  const { t, lang } = useWords();
  // A secret under a stand-in or made coarser is of no use to anybody.
  const offered = (kind: Found) => ways.filter((way) => !kind.secret || (way !== 'pseudonym' && way !== 'generalise'));
  return <ul className="rows ways" aria-label={t('datasets.found')}>{found.map((kind) => <li key={kind.kind} className="way">
    <span className="cell-two"><b>{kind.label}</b><span className="soft num">{t('datasets.finds', { count: kind.total, n: number(lang, kind.total) })}</span></span>
    {kind.secret && <Tag color="error">{t('datasets.area.secrets')}</Tag>}
    <span className="soft way-text">{t(`datasets.wayText.${wayOf(plan, kind.kind)}`)}</span>
    <Select className="way-choice" aria-label={t('datasets.wayFor', { kind: kind.label })} disabled={disabled} value={wayOf(plan, kind.kind)} onChange={(way) => onPlan({ ...plan, ways: { ...plan.ways, [kind.kind]: way } })}
      options={offered(kind).map((way) => ({ value: way, label: t(`datasets.way.${way}`) }))} />
  </li>)}</ul>;
}

function Pieces({ pieces, after, labels }: { pieces: readonly MaskedPiece[]; after: boolean; labels: Map<string, string> }) {
  return <>{pieces.map((piece, index) => {
    if (piece.kind === null) return <span key={index}>{piece.text}</span>;
    const title = labels.get(piece.kind) ?? piece.kind;
    return after && piece.after !== null ? <ins key={index} title={title}>{piece.after}</ins> : <mark key={index} title={title}>{piece.text}</mark>;
  })}</>;
}

const Masked = memo(function Masked({ row, labels }: { row: MaskedRow; labels: Map<string, string> }) {
  const { t, lang } = useWords();
  const kinds = [...new Set(row.texts.flatMap((text) => text.pieces.flatMap((piece) => piece.kind ?? [])))];
  return <li className="change">
    <div className="row"><span className="finding-line">{t('datasets.lineNo', { line: number(lang, row.line) })}</span>{kinds.map((kind) => <Tag key={kind}>{labels.get(kind) ?? kind}</Tag>)}</div>
    {row.texts.map((text) => <div key={text.at} className="stack tight"><code className="soft">{text.at}</code>
      <div className="sides"><div className="text-side"><Pieces pieces={text.pieces} after={false} labels={labels} /></div><div className="text-side"><Pieces pieces={text.pieces} after labels={labels} /></div></div></div>)}
  </li>;
});

/** The rows with a find, side by side. */
export function MaskedRows({ rows, kinds }: { rows: readonly MaskedRow[]; kinds: readonly PrivacyKind[] }) {
  const { t } = useWords();
  const labels = useMemo(() => new Map(kinds.map((kind) => [kind.kind, kind.label])), [kinds]);
  return <div className="changes" role="region" tabIndex={0} aria-label={t('datasets.sideBySide')}>
    <div className="sides sides-head" aria-hidden><span>{t('datasets.before')}</span><span>{t('datasets.after')}</span></div>
    <ul>{rows.map((row) => <Masked key={row.line} row={row} labels={labels} />)}</ul>
  </div>;
}
