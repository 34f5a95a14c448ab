/** @file What a check found, and the way on: every finding, the first rows, upload. */
import { Button, Input, Tabs } from 'antd';
import { useState } from 'react';
import type { DatasetReport, TaskProgress } from '../../api/generated/types';
import { CopyText } from '../../components/copy';
import { IconBad, IconGood, IconSync, IconUpload } from '../../components/icons';
import { Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { bytes, number, short } from '../../lib/format';
import { isSend } from '../../lib/keys';
import { Findings } from './findings';
import { Preview } from './preview';

type Upload = { running: boolean; event: TaskProgress | null; error: Error | null; cancel: () => void };

export function Report({ report, upload, onUpload, onAgain }: { report: DatasetReport; upload: Upload; onUpload: (description: string | null) => void; onAgain: () => void }) {
  const { t, lang } = useWords();
  const [description, setDescription] = useState('');
  const bad = report.rows - report.good_rows;
  const hasErrors = bad > 0 || report.findings.some((finding) => finding.severity === 'error');
  const blocked = report.good_rows === 0 ? t('datasets.blockedEmpty') : hasErrors ? t('datasets.blocked', { count: Math.max(bad, 1) }) : null;
  const send = () => { if (!blocked && !upload.running) onUpload(description.trim() || null); };
  const facts = { size: bytes(lang, report.bytes), messages: number(lang, report.messages), characters: number(lang, report.characters) };
  return <Panel title={t('datasets.result', { name: report.name })} extra={<Button size="small" icon={<IconSync aria-hidden />} disabled={upload.running} onClick={onAgain}>{t('datasets.again')}</Button>}>
    <div className="verdict"><span className={`verdict-icon ${blocked ? 'bad' : 'good'}`} aria-hidden>{blocked ? <IconBad /> : <IconGood />}</span>
      <div><b>{t('datasets.good', { good: number(lang, report.good_rows), rows: number(lang, report.rows) })}</b>
        <span className="soft">{t('datasets.facts', facts)} · {t('datasets.hash')} <CopyText text={report.sha256} shown={short(report.sha256, 12)} what={t('datasets.hash')} /></span></div></div>
    <Tabs items={[
      { key: 'findings', label: `${t('datasets.findings')} (${number(lang, report.findings_total)})`, children: <Findings report={report} /> },
      { key: 'preview', label: t('datasets.preview'), disabled: report.sample.length === 0, children: <Preview rows={report.sample} /> },
    ]} defaultActiveKey={report.findings.length === 0 && report.sample.length > 0 ? 'preview' : 'findings'} />
    <Refusal error={upload.error} onRetry={send} />
    {upload.running ? <TaskBar value={upload.event} title={report.name} onCancel={upload.cancel} />
      : <div className="panel-foot">
        {blocked ? <span id="upload-blocked" className="bad">{blocked}</span>
          : <Input className="grow" maxLength={200} value={description} aria-label={t('datasets.description')} placeholder={t('datasets.description')} onChange={(event) => setDescription(event.target.value)} onKeyDown={(event) => { if (isSend(event)) send(); }} />}
        <Button type="primary" icon={<IconUpload aria-hidden />} disabled={blocked !== null} aria-describedby={blocked ? 'upload-blocked' : undefined} onClick={send}>{t('datasets.upload')}</Button>
      </div>}
  </Panel>;
}
