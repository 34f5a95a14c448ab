/** @file Data sets on this machine: what they hold, how good they are, where they are uploaded. */
import { Button, Tag } from 'antd';
import { useCall } from '../../api/use';
import type { LocalDataset } from '../../api/generated/types';
import { figure, Grid } from '../../components/grid';
import { IconAdd, IconBad, IconGood, IconUpload, IconWarn } from '../../components/icons';
import { Panel } from '../../components/page';
import { Answer, Nothing } from '../../components/state';
import { useWords } from '../../i18n/use';
import { age, bytes, number } from '../../lib/format';
import { go, hrefOf } from '../../lib/look';

/** A check in a few words, the worst first. */
function Checked({ row }: { row: LocalDataset }) {
  const { t, lang } = useWords();
  const { checked } = row.latest;
  if (!checked) return <span className="soft">{t('datasets.unchecked')}</span>;
  const { errors, warnings, personal, secrets } = checked;
  if (errors + warnings === 0) return <span className="good"><IconGood aria-hidden /> {t('datasets.clean')}</span>;
  return <span className="cell-two">
    {errors > 0 ? <span className="bad"><IconBad aria-hidden /> {t('datasets.errorsN', { count: errors, n: number(lang, errors) })}</span> : <span className="warn"><IconWarn aria-hidden /> {t('datasets.warningsN', { count: warnings, n: number(lang, warnings) })}</span>}
    {personal + secrets > 0 && <span className="soft">{t('datasets.personalN', { count: personal + secrets, n: number(lang, personal + secrets) })}</span>}
  </span>;
}

export function Local() {
  const { t, lang } = useWords();
  const list = useCall('library_list', {});
  const columns = [
    { title: t('col.name'), key: 'name', render: (row: LocalDataset) => <div className="cell-two"><a className="break" href={hrefOf('datasets', row.id)}><b>{row.name}</b></a><span className="soft">{t(`datasets.kinds.${row.kind}`)} · {t(`datasets.made.${row.latest.made}`)} · {age(lang, row.latest.created_at)}</span></div> },
    { title: t('col.rows'), key: 'rows', width: 110, ...figure, render: (row: LocalDataset) => <div className="cell-two"><span>{number(lang, row.latest.rows)}</span><span className="soft nowrap">{bytes(lang, row.latest.bytes)}</span></div> },
    { title: t('col.tokens'), key: 'tokens', width: 100, ...figure, render: (row: LocalDataset) => (row.latest.checked?.tokens == null ? <span className="soft" title={t('datasets.unknownTokens')}>–</span> : number(lang, row.latest.checked.tokens)) },
    { title: t('datasets.versions'), key: 'versions', width: 90, ...figure, render: (row: LocalDataset) => number(lang, row.versions) },
    { title: t('datasets.findings'), key: 'findings', width: 150, render: (row: LocalDataset) => <Checked row={row} /> },
    { title: t('datasets.uploadedTo'), key: 'uploaded', width: 130, render: (row: LocalDataset) => (row.uploaded_to.length ? <span className="row">{row.uploaded_to.map((cloud) => <Tag key={cloud} color="success">{cloud}</Tag>)}</span> : <span className="soft">{t('datasets.nowhere')}</span>) },
    { title: <span className="unseen">{t('col.actions')}</span>, key: 'act', width: 56, render: (row: LocalDataset) => <Button type="text" icon={<IconUpload />} aria-label={t('datasets.uploadOf', { name: row.name })} title={t('datasets.upload')} onClick={() => go('datasets', row.id, 'upload')} /> },
  ];
  return <Panel title={t('datasets.local')}>
    <Answer query={list} empty={<Nothing title={t('datasets.noLocal')} text={t('datasets.noLocalText')}><Button type="primary" icon={<IconAdd aria-hidden />} onClick={() => go('datasets', 'new')}>{t('datasets.add')}</Button></Nothing>}>{(rows) => <Grid label={t('datasets.local')} rows={rows} columns={columns} rowKey="id" />}</Answer>
  </Panel>;
}
