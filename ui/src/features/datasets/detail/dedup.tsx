/** @file Duplicates out: equal rows only, or alike ones too. */
import { Button, Checkbox, Modal, Radio, Slider } from 'antd';
import { useState } from 'react';
import type { VersionId, VersionRow } from '../../../api/generated/types';
import { useWords } from '../../../i18n/use';
import { percent } from '../../../lib/format';
import { Held } from './checkform';
import type { Work } from './work';

/** Above 1: equal rows only. */
const EQUAL = 2;

export function DedupDialog({ row, work, onClose }: { row: VersionRow; work: Work; onClose: () => void }) {
  const { t, lang } = useWords();
  const [how, setHow] = useState<'equal' | 'alike'>('alike');
  const [threshold, setThreshold] = useState(0.85);
  const [oneAnswer, setOneAnswer] = useState(false);
  const [held, setHeld] = useState<VersionId[]>([]);
  const start = () => { void work.dedup.run({ dataset: row.dataset, version: row.version, threshold: how === 'equal' ? EQUAL : threshold, one_answer: oneAnswer, held }); onClose(); };
  return <Modal open centered width={560} title={t('detail.dedupTitle', { version: row.version })} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={work.busy} onClick={start}>{t('detail.act.dedup')}</Button></>}>
    <div className="stack"><p className="soft">{t('detail.dedupText')}</p>
      <Radio.Group className="choices" aria-label={t('detail.act.dedup')} value={how} onChange={(event) => setHow(event.target.value)}>
        <Radio value="equal"><b>{t('detail.equal')}</b><span className="soft">{t('detail.equalText')}</span></Radio>
        <Radio value="alike"><b>{t('detail.alike')}</b><span className="soft">{t('detail.alikeText')}</span></Radio></Radio.Group>
      {how === 'alike' && <label className="field"><span>{t('detail.similarity', { share: percent(lang, threshold) })}</span><Slider min={0.5} max={1} step={0.01} value={threshold} onChange={setThreshold} tooltip={{ open: false }} ariaLabelForHandle={t('detail.similarity', { share: percent(lang, threshold) })} /></label>}
      <Checkbox checked={oneAnswer} onChange={(event) => setOneAnswer(event.target.checked)}>{t('detail.oneAnswer')}</Checkbox>
      <Held dataset={row.dataset} value={held} onChange={setHeld} /></div>
  </Modal>;
}
