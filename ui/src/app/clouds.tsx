/** @file The cloud switcher: which cloud every page speaks of. */
import { Button, Dropdown } from 'antd';
import { useCall, useChange } from '../api/use';
import { IconCheck, IconCloud, IconDown, IconSettings } from '../components/icons';
import { useWords } from '../i18n/use';
import { go } from '../lib/look';

export function Clouds() {
  const { t } = useWords();
  const clouds = useCall('cloud_list', {});
  const select = useChange('cloud_select');
  const rows = clouds.data ?? [];
  const current = rows.find((row) => row.selected);
  const items = [
    ...rows.map((row) => ({ key: row.id, icon: row.selected ? <IconCheck aria-hidden /> : <IconCloud aria-hidden />, label: <span className="cloud-item">{row.name}<small className="soft">{row.kind === 'embedded' ? t('app.onThisComputer') : row.region ?? row.base_url}</small></span>, onClick: () => { if (!row.selected) select.mutate({ id: row.id }); } })),
    { type: 'divider' as const },
    { key: 'manage', icon: <IconSettings aria-hidden />, label: t('app.manageClouds'), onClick: () => go('settings', 'clouds') },
  ];
  return <Dropdown trigger={['click']} menu={{ items }} placement="bottomLeft">
    <Button className="cloud-switch" aria-haspopup="menu" loading={select.isPending}>
      <span className="cloud-mark" aria-hidden><IconCloud /></span>
      <span className="unseen">{t('app.cloud')}: </span><span className="cloud-text"><b>{current?.name ?? t('app.cloud')}</b><small>{current ? (current.kind === 'embedded' ? t('app.onThisComputer') : current.region ?? t('settings.kind.model_studio')) : ' '}</small></span>
      <IconDown aria-hidden />
    </Button>
  </Dropdown>;
}
