/** @file The clouds this console knows: check, use, remove, add. */
import { Button, Tag } from 'antd';
import { useEffect, useState } from 'react';
import { useCall, useChange } from '../../api/use';
import type { CloudRow } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { IconAdd, IconCloud, IconGood } from '../../components/icons';
import { Panel } from '../../components/page';
import { Answer, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { AddCloud } from './addcloud';

export function Clouds({ adding }: { adding: boolean }) {
  const { t } = useWords();
  const clouds = useCall('cloud_list', {});
  const [open, setOpen] = useState(adding);
  useEffect(() => { if (adding) setOpen(true); }, [adding]);
  return <Panel title={t('settings.tabs.clouds')} lead={t('settings.cloudsText')} extra={<Button type="primary" icon={<IconAdd aria-hidden />} onClick={() => setOpen(true)}>{t('settings.addCloud')}</Button>}>
    <Answer query={clouds}>{(rows) => <ul className="rows">{rows.map((row) => <Cloud key={row.id} row={row} />)}</ul>}</Answer>
    {open && <AddCloud onClose={() => setOpen(false)} />}
  </Panel>;
}

function Cloud({ row }: { row: CloudRow }) {
  const { t, lang } = useWords();
  const check = useChange('cloud_check');
  const select = useChange('cloud_select');
  const remove = useChange('cloud_remove');
  const id = { id: row.id };
  const where = [t(`settings.kind.${row.kind}`), row.region, row.workspace, row.base_url || t('settings.notRunning')].filter(Boolean).join(' · ');
  const ms = check.data && new Intl.NumberFormat(lang, { style: 'unit', unit: 'millisecond' }).format(check.data.milliseconds);
  return <li><div className="row between cloud-row">
    <span className="notice-icon info" aria-hidden><IconCloud /></span>
    <div className="cell-two grow"><span className="base-name"><b className="break">{row.name}</b>{row.selected && <Tag color="success" icon={<IconGood aria-hidden />}>{t('settings.selected')}</Tag>}<Tag>{row.bills ? t('settings.bills') : t('settings.noBills')}</Tag></span><span className="soft break">{where}</span>
      <span role="status">{check.data && (check.data.reachable ? <span className="good">{t('settings.reachable', { ms })}{check.data.capabilities.length > 0 && <span className="soft"> · {t('settings.abilities', { list: check.data.capabilities.join(', ') })}</span>}</span> : <span className="bad">{t('settings.unreachable')}</span>)}</span></div>
    <div className="row">
      <Button size="small" loading={check.isPending} aria-label={`${t('settings.check')}: ${row.name}`} onClick={() => check.mutate(id)}>{t('settings.check')}</Button>
      {!row.selected && <Button size="small" loading={select.isPending} aria-label={`${t('settings.select')}: ${row.name}`} onClick={() => select.mutate(id)}>{t('settings.select')}</Button>}
      {row.kind !== 'embedded' && <Confirmed size="small" label={t('settings.remove')} aria-label={`${t('settings.remove')}: ${row.name}`} loading={remove.isPending} title={t('settings.removeTitle', { name: row.name })} text={t('settings.removeText')} onYes={() => remove.mutate(id)} />}
    </div></div>
    <Refusal error={check.error} onRetry={() => check.mutate(id)} /><Refusal error={select.error ?? remove.error} />
  </li>;
}
