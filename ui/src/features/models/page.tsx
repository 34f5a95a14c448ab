/** @file My models: which of library, playground and deployments the route shows. */
import { Tabs } from 'antd';
import { PageHead } from '../../components/page';
import { useWords } from '../../i18n/use';
import { go, useRoute } from '../../lib/look';
import { Deployments } from './deployments';
import { Library } from './library';
import { Playground } from './playground';

const tabs = ['library', 'playground', 'deployments'] as const;

export default function Models() {
  const { t } = useWords();
  const { rest: [first = 'library', second] } = useRoute();
  const active = tabs.find((known) => known === first) ?? 'library';
  return <>
    <PageHead title={t('nav.models')} lead={t('lead.models')} />
    <Tabs className="page-tabs" activeKey={active} onChange={(key) => (key === 'library' ? go('models') : go('models', key))} destroyOnHidden
      items={tabs.map((key) => ({ key, label: t(`models.tabs.${key}`), children: key === 'library' ? <Library order={first === 'import' ? second : undefined} /> : key === 'playground' ? <Playground first={second} /> : <Deployments deploy={second} /> }))} />
  </>;
}
