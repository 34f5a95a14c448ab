/** @file Step two: every line of the version is checked; errors are fixed or left out, or the way on stays closed. */
import { Tabs } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useCall, useStream } from '../../../api/use';
import type { VersionReport } from '../../../api/generated/types';
import { IconBad, IconGood } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { bytes, moment, number } from '../../../lib/format';
import { Findings } from '../parts/findings';
import { Groups } from '../parts/groups';
import { Duplicates } from './duplicates';
import { Fixes } from './fixes';
import { Foot } from './frame';
import { CheckOptions } from './options';
import { Peek } from './peek';
import type { VersionProps } from './wizard';

export function CheckStep(props: VersionProps) {
  const { id, draft, update, dataset, version } = props;
  const { t } = useWords();
  const kept = useCall('version_report', { dataset, version });
  const catalog = useCall('catalog_list', {});
  const check = useStream('version_check', { key: `wizard/${id}` });
  const fix = useStream('version_fix', { key: `wizard/${id}` });
  const dedup = useStream('version_dedup', { key: `wizard/${id}` });
  const busy = check.running || fix.running || dedup.running;
  const { run } = check;
  const ready = catalog.data?.find((row) => row.ready)?.id ?? null;
  const model = draft.model === undefined ? ready : draft.model;
  const start = useCallback(() => void run({ dataset, version, held: draft.held, ...(model && { model }), ...(draft.maxLength && { max_length: draft.maxLength }), ...(draft.batchSize && { batch_size: draft.batchSize }) }),
    [run, dataset, version, draft.held, draft.maxLength, draft.batchSize, model]);
  // A version that was never checked is checked without being asked for, once; a cancelled check waits for its button.
  const begun = useRef(0);
  const known = catalog.data !== undefined || catalog.error !== null;
  useEffect(() => {
    if (kept.data?.report !== null || !known || busy || begun.current === version || kept.isFetching) return;
    begun.current = version;
    start();
  }, [kept.data, kept.isFetching, known, busy, version, start]);
  // What makes the next version may have ended while this page was away.
  const { clear: clearCheck } = check;
  useMade(fix, (row) => { clearCheck(); update({ version: row.version, reached: 'check', keptFinds: null, parts: null, sent: {} }); });
  useMade(dedup, (row) => { clearCheck(); update({ version: row.version, reached: 'check', keptFinds: null, parts: null, sent: {} }); });
  const old = kept.data?.report ?? null;
  const fresh = check.result?.dataset === dataset && check.result.version === version ? check.result : null;
  const report = fresh && (!old || fresh.checked_at >= old.checked_at) ? fresh : old;
  const stop = busy ? null : !report ? t('wizard.stopUnchecked') : report.good_rows === 0 ? t('datasets.blockedEmpty') : report.errors_total > 0 ? t('wizard.stopErrors', { count: report.errors_total }) : null;
  return <>
    <CheckOptions {...props} model={model} catalog={catalog.data ?? []} busy={busy} checked={report !== null} onCheck={start} />
    <Refusal error={kept.error} onRetry={() => void kept.refetch()} />
    <Refusal error={check.error} onRetry={start} />
    {check.running && <Panel><TaskBar value={check.event} title={t('wizard.checking', { version })} onCancel={check.cancel} /></Panel>}
    {fix.running && <Panel><TaskBar value={fix.event} title={t('wizard.fixing')} onCancel={fix.cancel} /></Panel>}
    {dedup.running && <Panel><TaskBar value={dedup.event} title={t('wizard.deduping')} onCancel={dedup.cancel} /></Panel>}
    {report && !check.running && <Result key={`${version}/${report.checked_at}`} {...props} report={report} busy={busy} fix={fix} dedup={dedup} />}
    <Foot onBack={draft.path ? () => update({ step: 'choose' }) : undefined} stop={stop} busy={busy} next={t('wizard.toPrivacy')}
      onNext={() => update({ step: 'privacy', reached: draft.reached === 'upload' ? 'upload' : 'privacy' })} />
  </>;
}

/** Takes a stream's result once, also one that came while nobody looked. */
export function useMade<T>(stream: { result: T | null; clear: () => void }, onMade: (made: T) => void) {
  const { result, clear } = stream;
  const latest = useRef(onMade);
  latest.current = onMade;
  useEffect(() => {
    if (result === null) return;
    clear();
    latest.current(result);
  }, [result, clear]);
}

type Stream<N extends 'version_fix' | 'version_dedup'> = ReturnType<typeof useStream<N>>;
export type ResultProps = VersionProps & { report: VersionReport; busy: boolean; fix: Stream<'version_fix'>; dedup: Stream<'version_dedup'> };

function Verdict({ report }: { report: VersionReport }) {
  const { t, lang } = useWords();
  const bad = report.errors_total > 0 || report.good_rows === 0;
  const facts = { size: bytes(lang, report.bytes), messages: number(lang, report.messages), characters: number(lang, report.characters) };
  return <div className="verdict" role="status"><span className={`verdict-icon ${bad ? 'bad' : 'good'}`} aria-hidden>{bad ? <IconBad /> : <IconGood />}</span>
    <div><b>{t('datasets.good', { good: number(lang, report.good_rows), rows: number(lang, report.rows) })}</b>
      <span className="soft">{t('datasets.facts', facts)}{report.tokens !== null && report.model !== null && <> · {t('wizard.tokensBy', { n: number(lang, report.tokens), model: report.model })}</>}</span>
      <span className="soft">{t('wizard.checkedAt', { version: report.version, at: moment(lang, report.checked_at) })}</span></div></div>;
}

function Result(props: ResultProps) {
  const { report, dataset, version } = props;
  const { t, lang } = useWords();
  const [tab, setTab] = useState('groups');
  const [code, setCode] = useState<string | null>(null);
  const [line, setLine] = useState<number | null>(null);
  const [chosen, setChosen] = useState<string[]>(() => report.groups.filter((group) => group.fix !== null && group.severity === 'error').map((group) => group.code));
  const none = report.groups.length === 0;
  const duplicates = report.groups.filter((group) => group.area === 'duplicates');
  return <>
    <Panel title={t('datasets.result', { name: t('wizard.version', { version }) })}>
      <Verdict report={report} />
      {none ? <p className="all-good"><IconGood aria-hidden /> {t('datasets.noFindings')}</p>
        : <Tabs activeKey={tab} onChange={setTab} items={[
          { key: 'groups', label: t('wizard.groups', { n: number(lang, report.groups.length) }), children: <Groups groups={report.groups} chosen={chosen} onChosen={props.busy ? undefined : setChosen} onList={(one) => { setCode(one); setTab('findings'); }} /> },
          { key: 'findings', label: `${t('datasets.findings')} (${number(lang, report.findings_total)})`, children: <Findings report={report} code={code} onCode={setCode} onShow={setLine} /> },
        ]} />}
    </Panel>
    {!none && <Fixes {...props} codes={chosen} />}
    {duplicates.length > 0 && <Duplicates {...props} groups={duplicates} />}
    {line !== null && <Peek dataset={dataset} version={version} line={line} onClose={() => setLine(null)} />}
  </>;
}
