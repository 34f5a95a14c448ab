/** @file Where a local data set came from and what became of it: a list to the ear, a tree to the eye. */
import { Tag } from 'antd';
import { useCall } from '../../../api/use';
import type { LibraryDetail, VersionRow, VersionUpload } from '../../../api/generated/types';
import { CopyText } from '../../../components/copy';
import { useWords } from '../../../i18n/use';
import { moment, number, short } from '../../../lib/format';
import { hrefOf } from '../../../lib/look';

export function Lineage({ detail, current }: { detail: LibraryDetail; current: number }) {
  const { t } = useWords();
  const { versions, descendants, uploads } = detail;
  const first = versions[0];
  return <section className="stack" aria-label={t('detail.lineage')}>
    <div><h2>{t('detail.lineage')}</h2><p className="soft small">{t('detail.lineageText')}</p></div>
    <ol className="tree">
      {first && <Source row={first} />}
      {versions.map((row) => <li key={row.version} className={row.version === current ? 'tree-now' : undefined}>
        <Version row={row} current={row.version === current} />
        <Children others={descendants.filter((one) => one.parent?.version === row.version && one.parent.dataset === row.dataset)} uploads={uploads.filter((one) => one.version === row.version)} />
      </li>)}
    </ol>
  </section>;
}

/** What the first version was made from: something outside, or a version of another data set. */
function Source({ row }: { row: VersionRow }) {
  const { t } = useWords();
  const library = useCall('library_list', {}, { enabled: row.parent !== null });
  const { parent } = row;
  if (!parent) return row.source ? <li className="tree-source"><span className="tree-kind">{t(`detail.sourceOf.${row.made === 'query' || row.made === 'drafts' || row.made === 'passages' ? row.made : 'import'}`)}</span> <span className="break">{row.source}</span></li> : null;
  const known = library.data?.find((one) => one.id === parent.dataset);
  const name = `${known?.name ?? short(parent.dataset, 20)} · ${t('detail.version', { version: parent.version })}`;
  return <li className="tree-source"><span className="tree-kind">{t('detail.sourceOf.dataset')}</span> {known || !library.data ? <a href={hrefOf('datasets', parent.dataset, String(parent.version))}>{name}</a> : <span className="soft">{t('detail.parentGone', { name })}</span>}</li>;
}

function Version({ row, current }: { row: VersionRow; current: boolean }) {
  const { t, lang } = useWords();
  const back = row.parent && row.parent.dataset === row.dataset && row.parent.version !== row.version - 1 ? ` ${t('detail.fromVersion', { version: row.parent.version })}` : '';
  return <div className="tree-node"><span><a href={hrefOf('datasets', row.dataset, String(row.version))} aria-current={current ? 'true' : undefined}><b>{t('detail.version', { version: row.version })}</b></a> · {t(`detail.made.${row.made}`)}{back}{current && <> <Tag color="processing">{t('detail.shown')}</Tag></>}</span>
    <span className="soft">{t('progress.rows', { n: number(lang, row.rows) })} · {moment(lang, row.created_at)}</span></div>;
}

function Children({ others, uploads }: { others: VersionRow[]; uploads: VersionUpload[] }) {
  const { t, lang } = useWords();
  if (others.length + uploads.length === 0) return null;
  return <ul className="tree-children">
    {others.map((row) => <li key={`${row.dataset}/${row.version}`}><span className="tree-kind">{t(`detail.made.${row.made}`)}</span> <a className="break" href={hrefOf('datasets', row.dataset, String(row.version))}>{row.name}</a> <span className="soft">{t('progress.rows', { n: number(lang, row.rows) })}</span></li>)}
    {uploads.map((one) => <li key={`${one.cloud_id}/${one.file_id}`}><span className="tree-kind">{t('detail.uploaded')}</span> {one.cloud_name} <CopyText text={one.file_id} shown={short(one.file_id, 24)} what={t('col.id')} />
      {one.receipt && <> <span className="soft">{t('detail.receipt')}</span> <CopyText text={one.receipt} shown={one.receipt.split(/[\\/]/).at(-1)} what={t('detail.receipt')} /></>}</li>)}
  </ul>;
}
