/** @file What can be done with a version: check, correct, mask, divide, take out, upload, delete. */
import { Button, Dropdown } from 'antd';
import { useState } from 'react';
import { useChange } from '../../../api/use';
import type { LibraryDetail, VersionRow } from '../../../api/generated/types';
import { ConfirmDialog } from '../../../components/confirm';
import { IconCheck, IconConvert, IconDelete, IconDown, IconExport, IconGood, IconKey, IconMinus, IconTune, IconUpload } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { bytes, number } from '../../../lib/format';
import { go, goInstead } from '../../../lib/look';
import { CheckDialog } from './checkform';
import { DedupDialog } from './dedup';
import { SampleDialog, SplitDialog } from './divide';
import type { Work } from './work';

type Asking = 'check' | 'dedup' | 'split' | 'sample' | 'delete' | null;

export function Acts({ detail, row, work, onTab }: { detail: LibraryDetail; row: VersionRow; work: Work; onTab: (tab: 'findings' | 'privacy') => void }) {
  const { t } = useWords();
  const [asking, setAsking] = useState<Asking>(null);
  const remove = useChange('library_delete');
  const close = () => setAsking(null);
  const { busy } = work;
  const item = (key: string, icon: React.ReactNode, onClick: () => void, danger = false) => ({ key, icon, danger, disabled: busy, label: t(`detail.act.${key as 'fix'}`), onClick });
  const items = [
    item('fix', <IconCheck aria-hidden />, () => onTab('findings')), item('mask', <IconKey aria-hidden />, () => onTab('privacy')), item('dedup', <IconMinus aria-hidden />, () => setAsking('dedup')),
    { type: 'divider' as const },
    item('split', <IconConvert aria-hidden />, () => setAsking('split')), item('sample', <IconTune aria-hidden />, () => setAsking('sample')), item('export', <IconExport aria-hidden />, () => void work.takeOut(row, t('datasets.fileKind'))),
    { type: 'divider' as const },
    item('delete', <IconDelete aria-hidden />, () => setAsking('delete'), true),
  ];
  return <>
    <Button icon={<IconGood aria-hidden />} disabled={busy} onClick={() => setAsking('check')}>{t('detail.act.check')}</Button>
    <Dropdown trigger={['click']} menu={{ items }} placement="bottomRight"><Button aria-haspopup="menu">{t('detail.change')} <IconDown aria-hidden /></Button></Dropdown>
    <Button type="primary" icon={<IconUpload aria-hidden />} onClick={() => go('datasets', row.dataset, 'upload')}>{t('detail.act.upload')}</Button>
    <Refusal error={remove.error} onRetry={() => remove.mutate({ dataset: row.dataset })} />
    {asking === 'check' && <CheckDialog row={row} work={work} onClose={close} onStart={() => onTab('findings')} />}
    {asking === 'dedup' && <DedupDialog row={row} work={work} onClose={close} />}
    {asking === 'split' && <SplitDialog row={row} work={work} onClose={close} />}
    {asking === 'sample' && <SampleDialog row={row} work={work} onClose={close} />}
    {asking === 'delete' && <Delete detail={detail} onClose={close} onYes={() => remove.mutate({ dataset: row.dataset }, { onSuccess: () => goInstead('datasets') })} />}
  </>;
}

/** Names all that goes and all that stays. */
function Delete({ detail, onClose, onYes }: { detail: LibraryDetail; onClose: () => void; onYes: () => void }) {
  const { t, lang } = useWords();
  const { versions, uploads, descendants, dataset } = detail;
  const size = bytes(lang, versions.reduce((sum, row) => sum + row.bytes, 0));
  return <ConfirmDialog title={t('detail.deleteTitle', { name: dataset.name })} yes={t('act.delete')} onClose={onClose} onYes={onYes} text={<>
    <p>{t('detail.deleteText', { count: versions.length, n: number(lang, versions.length), size })}</p>
    {uploads.length === 0 && <p className="bad">{t('detail.deleteOnly')}</p>}
    {uploads.length > 0 && <p>{t('detail.deleteUploads', { clouds: dataset.uploaded_to.join(lang === 'zh-CN' ? '、' : ', ') })}</p>}
    {descendants.length > 0 && <p>{t('detail.deleteOthers', { count: new Set(descendants.map((row) => row.dataset)).size })}</p>}
  </>} />;
}
