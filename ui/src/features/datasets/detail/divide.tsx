/** @file Dividing a version into training and validation, and drawing a smaller one that looks like the whole. */
import { Button, Checkbox, InputNumber, Modal } from 'antd';
import { useState, type ReactNode } from 'react';
import type { VersionRow } from '../../../api/generated/types';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import type { Work } from './work';

type Props = { row: VersionRow; work: Work; onClose: () => void };

function Ask({ title, text, yes, ready, onClose, onYes, children }: { title: string; text: string; yes: string; ready: boolean; onClose: () => void; onYes: () => void; children: ReactNode }) {
  const { t } = useWords();
  return <Modal open centered width={500} title={title} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={!ready} onClick={() => { onYes(); onClose(); }}>{yes}</Button></>}>
    <div className="stack"><p className="soft">{text}</p>{children}</div>
  </Modal>;
}

function Seed({ value, onChange }: { value: number | null; onChange: (seed: number | null) => void }) {
  const { t } = useWords();
  return <label className="field"><span>{t('tunes.hyper.seed')}</span><InputNumber aria-label={t('tunes.hyper.seed')} min={0} max={Number.MAX_SAFE_INTEGER} precision={0} value={value} onChange={onChange} /><span className="soft small">{t('detail.seedText')}</span></label>;
}

export function SplitDialog({ row, work, onClose }: Props) {
  const { t, lang } = useWords();
  const [share, setShare] = useState<number | null>(10);
  const [seed, setSeed] = useState<number | null>(42);
  const [stratified, setStratified] = useState(true);
  const held = Math.round((row.rows * (share ?? 0)) / 100);
  const start = () => void work.split.run({ dataset: row.dataset, version: row.version, validation_share: (share ?? 0) / 100, seed: seed ?? 0, stratified });
  return <Ask title={t('detail.splitTitle', { version: row.version })} text={t('detail.splitText')} yes={t('detail.act.split')} ready={share !== null && seed !== null && !work.busy} onClose={onClose} onYes={start}>
    <div className="fields"><label className="field"><span>{t('detail.validationShare')}</span><InputNumber autoFocus aria-label={t('detail.validationShare')} min={0} max={90} step={1} suffix="%" value={share} onChange={setShare} />
      <span className="soft small" role="status">{t('detail.splitAbout', { train: number(lang, row.rows - held), held: number(lang, held) })}</span></label>
      <Seed value={seed} onChange={setSeed} /></div>
    <Checkbox checked={stratified} onChange={(event) => setStratified(event.target.checked)}>{t('detail.stratified')}</Checkbox>
  </Ask>;
}

export function SampleDialog({ row, work, onClose }: Props) {
  const { t, lang } = useWords();
  const [rows, setRows] = useState<number | null>(Math.min(row.rows, 1000));
  const [seed, setSeed] = useState<number | null>(42);
  const start = () => { if (rows) void work.sample.run({ dataset: row.dataset, version: row.version, rows, seed: seed ?? 0 }); };
  return <Ask title={t('detail.sampleTitle', { version: row.version })} text={t('detail.sampleText')} yes={t('detail.act.sample')} ready={rows !== null && seed !== null && !work.busy} onClose={onClose} onYes={start}>
    <div className="fields"><label className="field"><span>{t('detail.rows')}</span><InputNumber autoFocus aria-label={t('detail.rows')} min={1} max={row.rows} precision={0} value={rows} onChange={setRows} /><span className="soft small">{t('detail.ofRows', { total: number(lang, row.rows) })}</span></label>
      <Seed value={seed} onChange={setSeed} /></div>
  </Ask>;
}
