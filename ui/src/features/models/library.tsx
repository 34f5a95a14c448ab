/** @file The models on this computer as cards; above them, finished fine-tunes to take home. */
import { useCall } from '../../api/use';
import { Panel } from '../../components/page';
import { Answer, Nothing } from '../../components/state';
import { useWords } from '../../i18n/use';
import { Card } from './card';
import { Finished } from './finished';
import { Import } from './import';

export function Library({ order }: { order: string | undefined }) {
  const { t } = useWords();
  const models = useCall('model_list', {});
  const tunes = useCall('tune_list', {});
  const waiting = (tunes.data ?? []).filter((job) => job.status === 'SUCCEEDED' && !job.pulled);
  return <div className="stack wide-gap">
    <Import order={order} />
    {waiting.length > 0 && <Panel title={t('models.finished')} lead={t('models.finishedText')}><ul className="rows">{waiting.map((job) => <Finished key={job.job_id} job={job} />)}</ul></Panel>}
    <Answer query={models} rows={6} empty={<Panel><Nothing title={t('models.empty')} text={t('models.emptyText')} /></Panel>}>{(rows) => <ul className="cards">{rows.map((row) => <Card key={row.model} model={row} tunes={tunes.data} />)}</ul>}</Answer>
  </div>;
}
