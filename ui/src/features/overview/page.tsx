/** @file What needs attention, what runs, this month's money, and a newcomer's next steps. */
import { useCall } from '../../api/use';
import { Answer, useWords } from '../../components/basics';
import { age, money } from '../../lib/format';
import { go } from '../../lib/look';

export default function Overview() {
  const { t, lang } = useWords();
  const overview = useCall('overview_get', {}, { every: 5000 });
  return <Answer query={overview}>{(o) => {
    const failed = o.tunes.filter((x) => x.status === 'FAILED');
    const waiting = o.tunes.filter((x) => x.status === 'SUCCEEDED' && !x.pulled);
    const running = o.tunes.filter((x) => ['PENDING', 'QUEUING', 'RUNNING', 'CANCELING'].includes(x.status));
    return <div className="grid">
      <section className="card"><h2>{t('overview.attention')}</h2>
        {failed.length + waiting.length === 0 && <p>{t('overview.fine')}</p>}
        {failed.map((x) => <p key={x.job_id} className="bad">{t('overview.failed', { name: x.name, reason: x.reason ?? '' })} <a href={`#/finetunes/${encodeURIComponent(x.job_id)}`}>{t('overview.go')}</a></p>)}
        {waiting.map((x) => <p key={x.job_id}>{t('overview.toPull', { name: x.name })} <a href="#/models">{t('models.pull')}</a></p>)}</section>
      <section className="card"><h2>{t('overview.running')}</h2>{running.length === 0 && <p>{t('overview.idle')}</p>}
        {running.map((x) => <p key={x.job_id}><a href={`#/finetunes/${encodeURIComponent(x.job_id)}`}>{x.name}</a> {t(`status.${x.status}`)} <progress aria-label={x.name} max={x.total_steps || undefined} value={x.total_steps ? x.step : undefined} /></p>)}</section>
      <section className="card"><h2>{t('overview.money')}</h2>{o.month_cost ? <p className="big">{money(lang, o.month_cost)}</p> : <p>{t('overview.noBill')}</p>}
        {o.synced_at && <p className="soft">{t('app.synced', { age: age(lang, o.synced_at) })}</p>}<a href="#/usage">{t('overview.go')}</a></section>
      <section className="card"><h2>{t('overview.next')}</h2><ol>
        <li><a href="#/datasets">{t('overview.step1')}</a> <button onClick={() => go('datasets', 'sample')}>{t('overview.sample')}</button></li>
        <li><a href="#/finetunes/new">{t('overview.step2')}</a></li><li><a href="#/models">{t('overview.step3')}</a></li></ol>
        <p className="soft">{t('overview.counts', { datasets: o.datasets, models: o.models, deployments: o.deployments })}</p></section>
    </div>;
  }}</Answer>;
}
