/** @file Fine-tunes: which of list, launch and detail the route shows; the list itself. */
import { useCall } from '../../api/use';
import { Answer, useWords } from '../../components/basics';
import { duration, moment, number } from '../../lib/format';
import { go, useRoute } from '../../lib/look';
import { Detail } from './detail';
import { Launch } from './launch';

export default function FineTunes() {
  const { rest } = useRoute();
  if (rest === 'new') return <Launch />;
  return rest ? <Detail key={rest} id={rest} /> : <List />;
}

function List() {
  const { t, lang } = useWords();
  const list = useCall('tune_list', {}, { every: 4000 });
  return <section className="card stack"><div><button className="main" onClick={() => go('finetunes', 'new')}>{t('tunes.fresh')}</button></div>
    <Answer query={list} empty={t('tunes.empty')}>{(rows) => <table><thead><tr><th>{t('col.name')}</th><th>{t('col.status')}</th><th>{t('col.progress')}</th><th className="num">{t('col.eta')}</th><th className="num">{t('col.loss')}</th><th>{t('col.created')}</th></tr></thead>
      <tbody>{rows.map((row) => <tr key={row.job_id}><td><a href={`#/finetunes/${encodeURIComponent(row.job_id)}`}>{row.name || row.job_id}</a></td><td>{t(`status.${row.status}`)}</td>
        <td>{row.total_steps > 0 && t('tunes.tokensOf', { step: number(lang, row.step), total: number(lang, row.total_steps) })}</td>
        <td className="num">{row.eta_seconds === null ? '–' : duration(lang, row.eta_seconds)}</td><td className="num">{row.loss === null ? '–' : number(lang, row.loss, 4)}</td><td>{moment(lang, row.created_at)}</td></tr>)}</tbody></table>}</Answer></section>;
}
