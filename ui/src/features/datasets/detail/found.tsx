/** @file What a check found in a version: kinds with their fixes, every finding with the way to its row, what to do about it. */
import { Button, Skeleton } from 'antd';
import { useState } from 'react';
import type { VersionFinding, VersionReport, VersionRow } from '../../../api/generated/types';
import { IconBad, IconGood, IconSync, IconWarn } from '../../../components/icons';
import { Nothing } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { bytes, moment, number } from '../../../lib/format';
import { Findings } from '../parts/findings';
import { Groups } from '../parts/groups';
import { CheckDialog, CheckForm } from './checkform';
import type { Work } from './work';

type Props = { row: VersionRow; report: VersionReport | null | undefined; work: Work; onShow: (finding: VersionFinding) => void };

export function Found({ row, report, work, onShow }: Props) {
  const { t } = useWords();
  if (report === undefined) return <div role="status" aria-label={t('progress.working')}><Skeleton active title={false} paragraph={{ rows: 6 }} /></div>;
  if (report === null) return <NotChecked row={row} work={work} />;
  return <Report row={row} report={report} work={work} onShow={onShow} />;
}

export function NotChecked({ row, work }: { row: VersionRow; work: Work }) {
  const { t } = useWords();
  if (work.check.running) return <p role="status" className="soft">{t('detail.checking')}</p>;
  return <div className="not-checked"><Nothing title={t('detail.notCheckedTitle', { version: row.version })} text={t('detail.checkText')} /><CheckForm row={row} work={work} /></div>;
}

function Report({ row, report, work, onShow }: { row: VersionRow; report: VersionReport; work: Work; onShow: (finding: VersionFinding) => void }) {
  const { t } = useWords();
  const [code, setCode] = useState<string | null>(null);
  const [asking, setAsking] = useState<'check' | null>(null);
  const close = () => setAsking(null);
  return <div className="stack wide-gap">
    <Verdict report={report} />
    <div className="row between"><h2>{t('datasets.kindsOfFindings')}</h2><div className="row">
      <Button icon={<IconSync aria-hidden />} disabled={work.busy} onClick={() => setAsking('check')}>{t('datasets.again')}</Button></div></div>
    {report.groups.length > 0 && <div className="group-box"><Groups groups={report.groups} onList={setCode} /></div>}
    <h2>{t('datasets.findings')}</h2>
    <Findings report={report} code={code} onCode={setCode} onShow={(_, finding) => onShow(finding)} />
    {asking === 'check' && <CheckDialog row={row} work={work} onClose={close} />}
  </div>;
}

function Verdict({ report }: { report: VersionReport }) {
  const { t, lang } = useWords();
  const bad = report.good_rows < report.rows || report.errors_total > 0;
  const warned = !bad && report.findings_total > 0;
  const facts = [bytes(lang, report.bytes), t('detail.messages', { n: number(lang, report.messages) }), t('detail.characters', { n: number(lang, report.characters) }),
    ...(report.tokens === null ? [] : [t('detail.tokensBy', { n: number(lang, report.tokens), model: report.model ?? '' })])];
  return <div className="verdict"><span className={`verdict-icon ${bad ? 'bad' : warned ? 'warn' : 'good'}`} aria-hidden>{bad ? <IconBad /> : warned ? <IconWarn /> : <IconGood />}</span>
    <div><b>{t('datasets.good', { good: number(lang, report.good_rows), rows: number(lang, report.rows) })}</b>
      <span className="soft">{facts.join(' · ')}</span><span className="soft">{t('detail.checkedAt', { at: moment(lang, report.checked_at) })}</span></div></div>;
}
