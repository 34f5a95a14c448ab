/** @file Rows of a version, and the way to one of them by its line or its number. */
import { Button, InputNumber, Select } from 'antd';
import { useMemo, useState, type KeyboardEvent } from 'react';
import { useCall } from '../../../api/use';
import type { VersionFinding, VersionReport, VersionRow } from '../../../api/generated/types';
import { Nothing, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { isSend } from '../../../lib/keys';
import type { Spot } from '../parts/place';
import { Rows } from '../parts/rows';

type Target = { by: 'line' | 'row'; n: number };
const none: VersionFinding[] = [];

export function Browse({ row, line, spot, onSpot, report }: { row: VersionRow; line: number | null; spot: Spot | null; onSpot: (spot: Spot) => void; report: VersionReport | null }) {
  const { t } = useWords();
  const [target, setTarget] = useState<Target>({ by: line === null ? 'row' : 'line', n: line ?? 1 });
  const find = useCall('row_find', { dataset: row.dataset, version: row.version, line: target.n }, { enabled: target.by === 'line' && target.n > 0 });
  const onLine = find.data?.number;
  const start = useMemo(() => ({ n: target.by === 'row' ? target.n - 1 : onLine ?? 0 }), [target, onLine]);
  const byLine = useMemo(() => {
    const lines = new Map<number, VersionFinding[]>();
    for (const finding of report?.findings ?? none) lines.set(finding.line, [...(lines.get(finding.line) ?? none), finding]);
    return lines;
  }, [report]);
  if (row.rows === 0) return <Nothing title={t('detail.noRows')} text={t('detail.noRowsText')} />;
  return <div className="stack">
    <div className="row between"><Jump rows={row.rows} onGo={setTarget} /><span className="soft small">{t('detail.keys')}</span></div>
    <Refusal error={target.by === 'line' ? find.error : null} onRetry={() => void find.refetch()} />
    <Rows dataset={row.dataset} version={row.version} total={row.rows} start={start} spot={spot} found={(at) => byLine.get(at) ?? none} onSpot={onSpot} />
  </div>;
}

function Jump({ rows, onGo }: { rows: number; onGo: (target: Target) => void }) {
  const { t } = useWords();
  const [by, setBy] = useState<Target['by']>('line');
  const [n, setN] = useState<number | null>(null);
  const start = () => { if (n !== null) onGo({ by, n }); };
  return <div className="row" role="group" aria-label={t('detail.jump')}>
    <span>{t('detail.jump')}</span>
    <Select className="jump-by" aria-label={t('detail.jumpBy')} value={by} onChange={setBy} options={[{ value: 'line', label: t('detail.byLine') }, { value: 'row', label: t('detail.byRow') }]} />
    <InputNumber className="jump-to" aria-label={t('detail.jump')} min={1} max={by === 'row' ? rows : Number.MAX_SAFE_INTEGER} precision={0} controls={false} value={n} onChange={setN} onKeyDown={(event: KeyboardEvent) => { if (isSend(event)) start(); }} />
    <Button disabled={n === null} onClick={start}>{t('detail.go')}</Button>
  </div>;
}
