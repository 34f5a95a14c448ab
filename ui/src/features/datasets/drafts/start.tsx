/** @file What is drafted from, who writes, how many, and what else the model is told. */
import { Button, Input, InputNumber, Segmented, Select } from 'antd';
import { useState } from 'react';
import { useCall, useHost } from '../../../api/use';
import type { ProposalDraft, ProposalSource } from '../../../api/generated/types';
import { IconFile, IconFolder, IconStart } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { useTargets } from '../../../components/targets';
import { useWords } from '../../../i18n/use';

const endings = ['md', 'markdown', 'txt', 'html', 'htm', 'xhtml', 'pdf', 'docx', 'zip', 'jsonl'];
const lastPart = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

export function Start({ busy, onStart }: { busy: boolean; onStart: (request: ProposalDraft, from: string) => void }) {
  const { t } = useWords();
  const targets = useTargets();
  const [kind, setKind] = useState<'documents' | 'rows'>('documents');
  const [path, setPath] = useState<string | null>(null);
  const [dataset, setDataset] = useState<string | null>(null);
  const [who, setWho] = useState<string | null>(null);
  const [each, setEach] = useState(3);
  const [limit, setLimit] = useState(50);
  const [instruction, setInstruction] = useState('');
  const library = useCall('library_list', {});
  const sets = (library.data ?? []).filter((set) => set.kind !== 'dpo');
  const set = sets.find((one) => one.id === dataset);
  const target = targets.all.find((option) => option.value === who)?.target;
  const from: ProposalSource | null = kind === 'documents' ? (path ? { from: 'documents', path } : null) : set ? { from: 'rows', dataset: set.id, version: set.latest.version } : null;
  const start = () => { if (from && target) onStart({ from, target, each, limit, instruction: instruction.trim() }, kind === 'documents' ? lastPart(path ?? '') : set?.name ?? ''); };
  const ready = from !== null && target !== undefined && !busy;
  return <Panel title={t('drafts.fresh')}>
    <Refusal error={targets.error ?? (kind === 'rows' ? library.error : null)} onRetry={() => { targets.refetch(); void library.refetch(); }} />
    <div className="stack wide-gap">
      <div className="field"><span>{t('drafts.from')}</span>
        <div className="row"><Segmented name="draft-from" aria-label={t('drafts.from')} value={kind} onChange={setKind} options={[{ value: 'documents', label: t('drafts.documents') }, { value: 'rows', label: t('drafts.rows') }]} />
          {kind === 'documents' ? <Documents path={path} onPath={setPath} />
            : <Select className="draft-choice" aria-label={t('drafts.dataset')} placeholder={sets.length ? t('drafts.dataset') : t('drafts.noDataset')} value={dataset} onChange={setDataset} options={sets.map((one) => ({ value: one.id, label: `${one.name} · ${t(`datasets.kinds.${one.kind}`)}` }))} />}</div>
        <small className="soft">{t(kind === 'documents' ? 'drafts.documentsHint' : 'drafts.rowsHint')}</small></div>
      <div className="draft-form">
        <label className="field" htmlFor="draft-model"><span>{t('drafts.model')}</span><Select id="draft-model" aria-label={t('drafts.model')} placeholder={t('play.choose')} value={who} onChange={setWho} options={targets.all.map((one) => ({ value: one.value, label: `${one.label} · ${t(one.target.kind === 'cloud' ? 'play.cloud' : 'play.local')}` }))} disabled={targets.ready && targets.all.length === 0} />
          {targets.ready && targets.all.length === 0 && <small className="soft">{t('drafts.noModel')}</small>}</label>
        <label className="field"><span>{t('drafts.each')}</span><InputNumber<number> min={1} max={10} precision={0} value={each} onChange={(value) => setEach(value ?? 3)} /></label>
        <label className="field"><span>{t('drafts.limit')}</span><InputNumber<number> min={1} max={2000} precision={0} value={limit} onChange={(value) => setLimit(value ?? 50)} suffix={t('drafts.limitHint')} /></label>
      </div>
      <label className="field"><span>{t('drafts.instruction')}</span><Input.TextArea autoSize={{ minRows: 1, maxRows: 4 }} maxLength={2000} placeholder={t('drafts.instructionHint')} value={instruction} onChange={(event) => setInstruction(event.target.value)} /></label>
    </div>
    <div className="panel-foot"><span id="draft-need" className="soft">{!ready && !busy && t('drafts.need')}</span>
      <Button type="primary" icon={<IconStart aria-hidden />} disabled={!ready} aria-describedby="draft-need" onClick={start}>{t('drafts.start')}</Button></div>
  </Panel>;
}

function Documents({ path, onPath }: { path: string | null; onPath: (path: string) => void }) {
  const { t } = useWords();
  const host = useHost();
  const [refused, setRefused] = useState<Error | null>(null);
  const take = (picked: Promise<string | null>) => { setRefused(null); void picked.then((found) => { if (found) onPath(found); }, setRefused); };
  return <>
    {path && <code className="break">{path}</code>}
    <Button icon={<IconFile aria-hidden />} onClick={() => take(host.pickFile([{ name: t('drafts.fileKind'), extensions: endings }]))}>{t('drafts.file')}</Button>
    <Button icon={<IconFolder aria-hidden />} onClick={() => take(host.pickFolder())}>{t('drafts.folder')}</Button>
    <Refusal error={refused} onClose={() => setRefused(null)} />
  </>;
}
