/** @file All fine-tunes of the cloud: state, progress, time left, loss. */
import { Button, Progress } from 'antd';
import { useCall } from '../../api/use';
import type { TuneRow } from '../../api/generated/types';
import { figure, Grid } from '../../components/grid';
import { IconAdd } from '../../components/icons';
import { PageHead, Panel } from '../../components/page';
import { Answer, Nothing } from '../../components/state';
import { Status } from '../../components/status';
import { useWords } from '../../i18n/use';
import { duration, moment, number, percent } from '../../lib/format';
import { go, hrefOf } from '../../lib/look';

export function List() {
  const { t, lang } = useWords();
  const list = useCall('tune_list', {}, { every: 4000 });
  const fresh = <Button type="primary" icon={<IconAdd aria-hidden />} onClick={() => go('finetunes', 'new')}>{t('tunes.fresh')}</Button>;
  const columns = [
    { title: t('col.name'), key: 'name', render: (row: TuneRow) => <div className="cell-two"><a className="break" href={hrefOf('finetunes', row.job_id)}>{row.name || row.job_id}</a><span className="soft">{row.model}</span></div> },
    { title: t('col.status'), key: 'status', width: 130, render: (row: TuneRow) => <Status name={row.status} /> },
    { title: t('col.progress'), key: 'progress', width: 190, render: (row: TuneRow) => (row.total_steps > 0 ? <Bar row={row} /> : <span className="soft">–</span>) },
    { title: t('col.eta'), key: 'eta', width: 110, ...figure, render: (row: TuneRow) => (row.eta_seconds === null ? <span className="soft">–</span> : duration(lang, row.eta_seconds)) },
    { title: t('col.loss'), key: 'loss', width: 84, ...figure, render: (row: TuneRow) => (row.loss === null ? <span className="soft">–</span> : number(lang, row.loss, 3)) },
    { title: t('col.created'), key: 'created', width: 184, className: 'apart', render: (row: TuneRow) => <span className="nowrap">{moment(lang, row.created_at)}</span> },
  ];
  return <>
    <PageHead title={t('nav.finetunes')} lead={t('lead.finetunes')}>{fresh}</PageHead>
    <Panel><Answer query={list} empty={<Nothing title={t('tunes.empty')} text={t('tunes.emptyText')}>{fresh}</Nothing>}>{(rows) => <Grid label={t('nav.finetunes')} rows={rows} columns={columns} rowKey="job_id" height={520} />}</Answer></Panel>
  </>;
}

function Bar({ row }: { row: TuneRow }) {
  const { t, lang } = useWords();
  const share = row.step / row.total_steps;
  const look = row.status === 'FAILED' ? 'exception' : row.status === 'SUCCEEDED' ? 'success' : 'normal';
  return <div className="bar"><Progress percent={Math.round(share * 100)} status={look} showInfo={false} size="small" aria-label={t('tunes.stepOf', { step: number(lang, row.step), total: number(lang, row.total_steps) })} />
    <span className="soft num">{percent(lang, share)}</span></div>;
}
