/** @file Deployments of the selected cloud: addresses and ids to copy, the key, a new one, deletion. */
import { Button, Tag } from 'antd';
import { useEffect, useState } from 'react';
import { useCall, useChange } from '../../api/use';
import type { DeploymentRow } from '../../api/generated/types';
import { Confirmed } from '../../components/confirm';
import { CopyText } from '../../components/copy';
import { IconDeploy } from '../../components/icons';
import { Panel } from '../../components/page';
import { Answer, Nothing, Refusal } from '../../components/state';
import { Status } from '../../components/status';
import { useWords } from '../../i18n/use';
import { moment } from '../../lib/format';
import { Deploy } from './deploy';
import { Key } from './key';

export function Deployments({ deploy }: { deploy: string | undefined }) {
  const { t } = useWords();
  const list = useCall('deployment_list', {}, { every: 10000 });
  const [asking, setAsking] = useState<string | null>(deploy ?? null);
  useEffect(() => { if (deploy) setAsking(deploy); }, [deploy]);
  const fresh = <Button type="primary" icon={<IconDeploy aria-hidden />} onClick={() => setAsking('')}>{t('deploy.fresh')}</Button>;
  return <div className="stack wide-gap">
    {list.data && list.data.length > 0 && <div className="row end">{fresh}</div>}
    <Answer query={list} rows={5} empty={<Panel><Nothing title={t('deploy.empty')} text={t('deploy.emptyText')}>{fresh}</Nothing></Panel>}>{(rows) => <>
      <Key />
      {rows.map((row) => <Deployed key={row.deployed_model} row={row} />)}
    </>}</Answer>
    {asking !== null && <Deploy first={asking} onClose={() => setAsking(null)} />}
  </div>;
}

function Deployed({ row }: { row: DeploymentRow }) {
  const { t, lang } = useWords();
  const remove = useChange('deployment_delete');
  const name = row.name || row.deployed_model;
  const erase = () => remove.mutate({ deployed_model: row.deployed_model });
  const plan = row.plan === 'mu' ? t('deploy.mu') : row.plan === 'lora' ? t('deploy.lora') : row.plan;
  return <Panel title={<>{name} <Status name={row.status} settled /> <Tag>{plan}</Tag></>} lead={`${t('deploy.model', { model: row.model_name })} · ${t('deploy.created', { at: moment(lang, row.created_at) })}`}
    extra={<Confirmed size="small" label={t('act.delete')} aria-label={`${t('deploy.undeploy')}: ${name}`} loading={remove.isPending} title={t('deploy.undeployTitle', { name })} text={t('deploy.undeployText')} onYes={erase} />}>
    <Refusal error={remove.error} onRetry={erase} />
    <dl className="facts one">
      <div><dt>{t('deploy.callable')}</dt><dd><CopyText text={row.deployed_model} what={t('deploy.callable')} /></dd></div>
      {row.openai_url && <div><dt>{t('deploy.openai')}</dt><dd><CopyText text={row.openai_url} what={t('deploy.openai')} /></dd></div>}
      {row.native_url && <div><dt>{t('deploy.native')}</dt><dd><CopyText text={row.native_url} what={t('deploy.native')} /></dd></div>}
    </dl>
  </Panel>;
}
