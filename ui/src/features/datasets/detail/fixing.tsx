/** @file Fixes of many rows at once: chosen by kind, seen before and after, made as the next version. */
import { Button, Checkbox, Modal } from 'antd';
import { useState } from 'react';
import { useCall } from '../../../api/use';
import type { FindingGroup, FixPreview, VersionRow } from '../../../api/generated/types';
import { Answer, Nothing } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { Changes } from '../parts/changes';
import type { Work } from './work';

type Props = { row: VersionRow; work: Work; groups: FindingGroup[]; first: string[]; onClose: () => void };

export function FixDialog({ row, work, groups, first, onClose }: Props) {
  const { t, lang } = useWords();
  const [codes, setCodes] = useState(first);
  const [dropBad, setDropBad] = useState(false);
  const request = { dataset: row.dataset, version: row.version, codes, drop_bad: dropBad, lines: [] };
  const nothing = codes.length === 0 && !dropBad;
  const preview = useCall('fix_preview', request, { enabled: !nothing, keep: true });
  const start = () => { void work.fix.run(request); onClose(); };
  return <Modal open centered width={980} title={t('detail.fixTitle', { version: row.version })} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={nothing || work.busy} onClick={start}>{t('detail.makeVersion')}</Button></>}>
    <div className="stack"><p className="soft">{t('detail.newVersionText')}</p>
      {groups.length > 0 && <Checkbox.Group className="fix-choices" aria-label={t('detail.fixes')} value={codes} onChange={setCodes} options={groups.map((group) => ({ value: group.code, label: <><span>{group.fix}</span> <span className="soft num">({number(lang, group.total)})</span></> }))} />}
      <Checkbox checked={dropBad} onChange={(event) => setDropBad(event.target.checked)}>{t('detail.dropBad')}</Checkbox>
      {nothing ? <Nothing title={t('detail.fixNothing')} /> : <Answer query={preview}>{(found) => <Preview found={found} stale={preview.isPlaceholderData} />}</Answer>}</div>
  </Modal>;
}

function Preview({ found, stale }: { found: FixPreview; stale: boolean }) {
  const { t, lang } = useWords();
  return <div className="stack" aria-busy={stale}>
    <p role="status">{t(found.whole ? 'detail.fixSum' : 'detail.fixSumPart', { changed: number(lang, found.changed), removed: number(lang, found.removed) })}</p>
    {found.rows.length > 0 ? <Changes rows={found.rows} label={t('detail.preview')} /> : <p className="soft">{t('detail.previewNone')}</p>}
  </div>;
}
