/** @file The head of a local data set: its name, the version that is looked at and its facts. */
import { Button, Input, Modal, Select, Tag } from 'antd';
import { useState } from 'react';
import { useChange } from '../../../api/use';
import type { LibraryDetail, VersionRow } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { IconBad, IconEdit, IconGood, IconMinus, IconWarn } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { bytes, moment, number, short } from '../../../lib/format';
import { isSend } from '../../../lib/keys';
import { goInstead } from '../../../lib/look';

export function Name({ name, dataset }: { name: string; dataset: string }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return <>{name} <Button type="text" size="small" icon={<IconEdit />} aria-label={t('detail.rename')} onClick={() => setOpen(true)} />
    {open && <Rename name={name} dataset={dataset} onClose={() => setOpen(false)} />}</>;
}

function Rename({ name, dataset, onClose }: { name: string; dataset: string; onClose: () => void }) {
  const { t } = useWords();
  const rename = useChange('library_rename');
  const [text, setText] = useState(name);
  const wanted = text.trim();
  const save = () => { if (wanted && wanted !== name) rename.mutate({ dataset, name: wanted }, { onSuccess: onClose }); else if (wanted) onClose(); };
  return <Modal open centered width={460} title={t('detail.rename')} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={!wanted} loading={rename.isPending} onClick={save}>{t('detail.rename')}</Button></>}>
    <div className="stack"><Input autoFocus maxLength={200} aria-label={t('col.name')} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => { if (isSend(event)) save(); }} />
      <Refusal error={rename.error} onRetry={save} /></div>
  </Modal>;
}

/** Whether a version may be uploaded, in a word, a sign and a colour. */
export function CheckState({ row }: { row: VersionRow }) {
  const { t, lang } = useWords();
  const { checked } = row;
  if (!checked) return <Tag icon={<IconMinus aria-hidden />}>{t('detail.notChecked')}</Tag>;
  if (checked.errors > 0) return <Tag color="error" icon={<IconBad aria-hidden />}>{t('detail.errors', { count: checked.errors, n: number(lang, checked.errors) })}</Tag>;
  if (checked.warnings > 0) return <Tag color="warning" icon={<IconWarn aria-hidden />}>{t('detail.warnings', { count: checked.warnings, n: number(lang, checked.warnings) })}</Tag>;
  return <Tag color="success" icon={<IconGood aria-hidden />}>{t('detail.clean')}</Tag>;
}

export function Facts({ detail, row, tab }: { detail: LibraryDetail; row: VersionRow; tab: string }) {
  const { t, lang } = useWords();
  const { checked } = row;
  const options = [...detail.versions].reverse().map((one) => ({ value: one.version, label: `${t('detail.version', { version: one.version })} · ${t(`detail.made.${one.made}`)}` }));
  return <section className="panel data-facts" aria-label={t('detail.facts')}>
    <div><span className="figure-name" id="version-choice">{t('detail.versionWord')}</span><Select className="version-choice" aria-labelledby="version-choice" value={row.version} options={options} popupMatchSelectWidth={false}
      onChange={(version) => goInstead('datasets', row.dataset, String(version), tab)} />
      <span className="soft small">{moment(lang, row.created_at)}</span></div>
    <dl>
      <div><dt>{t('col.rows')}</dt><dd className="num">{number(lang, row.rows)}</dd></div>
      <div><dt>{t('col.size')}</dt><dd className="num">{bytes(lang, row.bytes)}</dd></div>
      <div><dt>{t('col.tokens')}</dt><dd className="num">{checked?.tokens == null ? <span className="soft">{t('detail.notCounted')}</span> : number(lang, checked.tokens)}</dd></div>
      <div><dt>{t('detail.check')}</dt><dd><CheckState row={row} />{checked && <span className="soft small block">{moment(lang, checked.checked_at)}</span>}</dd></div>
      <div><dt>{t('datasets.hash')}</dt><dd><CopyText text={row.sha256} shown={short(row.sha256, 12)} what={t('datasets.hash')} /></dd></div>
      {(checked?.personal ?? 0) + (checked?.secrets ?? 0) > 0 && <div><dt>{t('detail.tabs.privacy')}</dt><dd className="warn">{t('detail.sensitive', { personal: number(lang, checked?.personal ?? 0), secrets: number(lang, checked?.secrets ?? 0) })}</dd></div>}
    </dl>
  </section>;
}
