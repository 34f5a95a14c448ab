/** @file One local data set: its head, what is under way on it, and tabs for rows, findings, distributions, privacy, versions. */
import { Button, Tabs, Tag } from 'antd';
import { useCallback, useState } from 'react';
import { useCall } from '../../../api/use';
import type { LibraryDetail, VersionFinding, VersionRow } from '../../../api/generated/types';
import { IconBack } from '../../../components/icons';
import { PageHead, Panel } from '../../../components/page';
import { Answer, Nothing, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { go, goInstead } from '../../../lib/look';
import { Charts } from '../parts/charts';
import type { Spot } from '../parts/place';
import { Acts } from './acts';
import { Browse } from './browse';
import { Found, NotChecked } from './found';
import { Facts, Name } from './head';
import { Privacy } from './privacy';
import { Versions } from './versions';
import { useWork, WorkPanel } from './work';

const tabs = ['rows', 'findings', 'charts', 'privacy', 'versions'] as const;
type Tab = (typeof tabs)[number];

type Props = {
  dataset: string;
  /** The newest where there is none. */
  version: string | undefined;
  /** A line of the version, or the name of a tab. */
  line: string | undefined;
};

export function Detail({ dataset, version, line }: Props) {
  const { t } = useWords();
  const query = useCall('library_get', { dataset });
  const back = <Button type="link" className="back" icon={<IconBack aria-hidden />} href="#/datasets">{t('detail.all')}</Button>;
  const detail = query.data;
  if (!detail) return <><PageHead title={t('nav.datasets')} back={back} /><Panel><Answer query={query}>{() => null}</Answer></Panel></>;
  const row = version === undefined ? detail.dataset.latest : detail.versions.find((one) => String(one.version) === version);
  if (!row) return <><PageHead title={detail.dataset.name} back={back} /><Panel><Nothing title={t('detail.noVersion', { version: version ?? '' })}><Button href={`#/datasets/${encodeURIComponent(dataset)}`}>{t('detail.openNewest')}</Button></Nothing></Panel></>;
  return <><Refusal error={query.error} onRetry={() => void query.refetch()} /><Page detail={detail} row={row} line={line} back={back} /></>;
}

function Page({ detail, row, line, back }: { detail: LibraryDetail; row: VersionRow; line: string | undefined; back: React.ReactNode }) {
  const { t, lang } = useWords();
  const { dataset, version } = row;
  const work = useWork(dataset);
  const kept = useCall('version_report', { dataset, version });
  const report = kept.data?.report;
  const [spot, setSpot] = useState<Spot | null>(null);
  const at = line !== undefined && /^\d{1,15}$/.test(line) ? Number(line) : null;
  const tab: Tab = at !== null ? 'rows' : tabs.find((known) => known === line) ?? 'rows';
  const onTab = useCallback((key: string) => goInstead('datasets', dataset, String(version), key), [dataset, version]);
  const show = (finding: VersionFinding) => { setSpot(finding); go('datasets', dataset, String(version), String(finding.line)); };
  const label = (key: Tab) => (key === 'findings' && report ? `${t('detail.tabs.findings')} (${number(lang, report.findings_total)})` : t(`detail.tabs.${key}`));
  const content = (key: Tab) => ({
    rows: () => <Browse key={`${version}/${line ?? ''}`} row={row} line={at} spot={spot} onSpot={setSpot} report={report ?? null} />,
    findings: () => (kept.error && !kept.data ? null : <Found key={version} row={row} report={report} work={work} onShow={show} />),
    charts: () => (report === null ? <NotChecked row={row} work={work} /> : report && <Charts charts={report.charts} />),
    privacy: () => <Privacy key={version} row={row} work={work} />,
    versions: () => <Versions key={version} detail={detail} row={row} />,
  })[key]();
  return <>
    <PageHead back={back} title={<><Name name={detail.dataset.name} dataset={dataset} /> <Tag>{t(`datasets.kinds.${row.kind}`)}</Tag></>}><Acts detail={detail} row={row} work={work} onTab={onTab} /></PageHead>
    <Facts detail={detail} row={row} tab={tab} />
    <WorkPanel work={work} dataset={dataset} />
    <Panel className="tabbed">
      {(tab === 'findings' || tab === 'charts') && <Refusal error={kept.error} onRetry={() => void kept.refetch()} />}
      <Tabs activeKey={tab} onChange={onTab} destroyOnHidden items={tabs.map((key) => ({ key, label: label(key), children: key === tab ? content(key) : null }))} />
    </Panel>
  </>;
}
