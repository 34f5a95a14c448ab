/** @file Usage and bills of a month: sync with its age, figures, daily chart, breakdown, lines, CSV. */
import { Alert, Button, Select } from 'antd';
import { useEffect, useState } from 'react';
import { useCall, useChange } from '../../api/use';
import { IconSync } from '../../components/icons';
import { PageHead, Panel } from '../../components/page';
import { Answer, Nothing, Refusal } from '../../components/state';
import { useSynced, useWords } from '../../i18n/use';
import { monthName } from '../../lib/format';
import { go, goInstead, useRoute } from '../../lib/look';
import { Month } from './month';

/** The last twelve months, newest first, as the bills count them: in UTC+8, like the cloud. */
function recentMonths(now = Date.now()): string[] {
  const here = new Date(now + 8 * 3600_000);
  return Array.from({ length: 12 }, (_, back) => new Date(Date.UTC(here.getUTCFullYear(), here.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
}

export default function Usage() {
  const { t, lang } = useWords();
  const synced = useSynced();
  const { rest: [order] } = useRoute();
  const [month, setMonth] = useState<string | null>(null);
  const usage = useCall('usage_get', { month }, { keep: true });
  const clouds = useCall('cloud_list', {});
  const sync = useChange('usage_sync');
  const { mutate } = sync;
  useEffect(() => { if (order === 'sync') { goInstead('usage'); mutate({}); } }, [order, mutate]);
  const cloud = clouds.data?.find((row) => row.selected);
  const months = recentMonths();
  const shown = month ?? usage.data?.month ?? months[0] ?? '';
  const button = <Button type="primary" icon={<IconSync aria-hidden spin={sync.isPending} />} disabled={sync.isPending} onClick={() => mutate({})}>{sync.isPending ? t('usage.syncing') : t('usage.sync')}</Button>;
  return <>
    <PageHead title={t('nav.usage')} lead={usage.data?.synced_at ? synced(usage.data.synced_at) : t('lead.usage')}>
      <Select className="month" aria-label={t('usage.month')} value={shown} onChange={setMonth} options={[...new Set([...months, shown])].filter(Boolean).map((value) => ({ value, label: monthName(lang, value) }))} />
      {button}
    </PageHead>
    <Refusal error={sync.error} onRetry={() => mutate({})} />
    {sync.data && <Alert type="success" showIcon role="status" closable={{ 'aria-label': t('act.dismiss'), onClose: sync.reset }} title={t('usage.synced', { count: sync.data.lines })} />}
    {cloud && !cloud.bills && <Alert type="warning" showIcon title={t('usage.noBills')} action={<Button size="small" onClick={() => go('settings', 'clouds')}>{t('usage.addKey')}</Button>} />}
    <Answer query={usage} rows={8}>{(data) => (data.lines.length === 0 && data.synced_at === null
      ? <Panel><Nothing title={t('usage.neverText')} text={t('usage.emptyText')}>{button}</Nothing></Panel> : <Month data={data} />)}</Answer>
  </>;
}
