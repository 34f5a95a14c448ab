/** @file What a check found in a version: kinds with their fixes, every finding with the way to its row, what to do about it. */
import { Button, Skeleton } from 'antd';
import { useState } from 'react';
import type { VersionFinding, VersionReport, VersionRow } from '../../../api/generated/types';
import { IconBad, IconCheck, IconGood, IconSync, IconWarn } from '../../../components/icons';
import { Nothing } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { bytes, moment, number } from '../../../lib/format';
import { Findings } from '../parts/findings';
import { Groups } from '../parts/groups';
import { CheckDialog, CheckForm } from './checkform';
import { DedupDialog } from './dedup';
import { FixDialog } from './fixing';
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
  const [chosen, setChosen] = useState<string[]>([]);
  const [code, setCode] = useState<string | null>(null);
  const [asking, setAsking] = useState<'check' | 'fix' | 'dedup' | null>(null);
  const close = () => setAsking(null);
  const fixable = report.groups.filter((group) => group.fix !== null);
  const all = fixable.length > 0 && fixable.every((group) => chosen.includes(group.code));
  const alike = report.groups.some((group) => group.area === 'duplicates');
  return <div className="stack wide-gap">
    <Verdict report={report} />
    <div className="row between"><h2>{t('datasets.kindsOfFindings')}</h2><div className="row">
      {fixable.length > 1 && <Button type="text" onClick={() => setChosen(all ? [] : fixable.map((group) => group.code))}>{t(all ? 'detail.chooseNone' : 'detail.chooseAll')}</Button>}
      <Button icon={<IconSync aria-hidden />} disabled={work.busy} onClick={() => setAsking('check')}>{t('datasets.again')}</Button>
      {alike && <Button disabled={work.busy} onClick={() => setAsking('dedup')}>{t('detail.act.dedup')} …</Button>}
      {(fixable.length > 0 || report.errors_total > 0) && <Button type="primary" icon={<IconCheck aria-hidden />} disabled={work.busy} onClick={() => setAsking('fix')}>{chosen.length > 0 ? t('detail.fixChosen', { count: chosen.length }) : t('detail.fix')}</Button>}</div></div>
    {report.groups.length > 0 && <div className="group-box"><Groups groups={report.groups} chosen={chosen} onChosen={setChosen} onList={setCode} /></div>}
    <h2>{t('datasets.findings')}</h2>
    <Findings report={report} code={code} onCode={setCode} onShow={(_, finding) => onShow(finding)} />
    {asking === 'check' && <CheckDialog row={row} work={work} onClose={close} />}
    {asking === 'dedup' && <DedupDialog row={row} work={work} onClose={close} />}
    {asking === 'fix' && <FixDialog row={row} work={work} groups={fixable} first={chosen.length > 0 ? chosen : fixable.map((group) => group.code)} onClose={close} />}
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
