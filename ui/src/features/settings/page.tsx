/** @file Settings: which section the route shows. */
import { Tabs } from 'antd';
import { PageHead } from '../../components/page';
import { useWords } from '../../i18n/use';
import { goInstead, useRoute } from '../../lib/look';
import { About } from './about';
import { Clouds } from './clouds';
import { General } from './general';
import { Keys } from './keys';
import { StorageUse } from './storage';

const tabs = ['general', 'clouds', 'storage', 'keys', 'about'] as const;

export default function Settings() {
  const { t } = useWords();
  const { rest: [tab, order] } = useRoute();
  const content = { general: <General />, clouds: <Clouds adding={order === 'new'} />, storage: <StorageUse />, keys: <Keys />, about: <About /> };
  return <>
    <PageHead title={t('nav.settings')} lead={t('lead.settings')} />
    <Tabs className="page-tabs" activeKey={tabs.find((known) => known === tab) ?? 'general'} onChange={(key) => goInstead('settings', key)} items={tabs.map((key) => ({ key, label: t(`settings.tabs.${key}`), children: content[key] }))} />
  </>;
}
