/** @file Drafts: a model writes rows from documents or from rows that are there; a person judges each, and keeps the good ones as a
 * dataset. Where the drafts come from is `start`, one draft `judge`, what becomes of them `keep`.
 */
import { Alert, Button, Collapse, Select } from 'antd';
import { useMemo, useState } from 'react';
import { useCall, useStream } from '../../../api/use';
import type { ProposalsMade, VersionRow } from '../../../api/generated/types';
import { IconBack } from '../../../components/icons';
import { PageHead, Panel } from '../../../components/page';
import { Answer, Nothing, Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { moment, number } from '../../../lib/format';
import { go, hrefOf } from '../../../lib/look';
import { batchesOf, type Batch } from './batches';
import { Judge } from './judge';
import { Keep } from './keep';
import { Start } from './start';

export function Drafts() {
  const { t } = useWords();
  const list = useCall('proposal_list', {});
  const stream = useStream('proposal_draft');
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState('');
  const [kept, setKept] = useState<VersionRow | null>(null);
  const batches = useMemo(() => batchesOf(list.data ?? []), [list.data]);
  const batch = batches.find((one) => one.id === (chosen ?? stream.result?.batch)) ?? batches.at(-1);
  return <>
    <PageHead title={t('drafts.title')} lead={t('drafts.lead')} back={<Button className="back" type="link" icon={<IconBack aria-hidden />} href={hrefOf('datasets')}>{t('drafts.back')}</Button>} />
    <Start busy={stream.running} onStart={(request, from) => { setName(from); setChosen(null); setKept(null); void stream.run(request); }} />
    <Refusal error={stream.error} onClose={stream.clear} />
    {stream.running && <Panel><TaskBar value={stream.event} title={t('drafts.running', { name })} onCancel={stream.cancel} /><p className="soft small">{t('drafts.stays')}</p></Panel>}
    {stream.result && <Made made={stream.result} />}
    {kept && <Alert type="success" showIcon role="status" title={t('drafts.kept', { name: kept.name, count: kept.rows })} action={<Button size="small" type="primary" onClick={() => go('datasets', kept.dataset, String(kept.version))}>{t('drafts.show')}</Button>} />}
    <Answer query={list} empty={<Panel><Nothing title={t('drafts.empty')} text={t('drafts.emptyText')} /></Panel>}>{() => batch && <Panel title={t('drafts.judge')} extra={<Batches all={batches} value={batch} onChange={(id) => { setChosen(id); setKept(null); }} />}>
      <Judge key={batch.id} batch={batch} />
      <Keep batch={batch} onKept={(row) => { setChosen(null); setKept(row); }} />
    </Panel>}</Answer>
  </>;
}

function Batches({ all, value, onChange }: { all: Batch[]; value: Batch; onChange: (id: string) => void }) {
  const { t, lang } = useWords();
  if (all.length < 2) return <span className="soft">{value.model}</span>;
  const options = [...all].reverse().map((one) => ({ value: one.id, label: t('drafts.batchName', { model: one.model, at: moment(lang, one.at), count: one.rows.length }) }));
  return <Select className="draft-batches" aria-label={t('drafts.batch')} value={value.id} onChange={onChange} options={options} />;
}

/** What came of a call: how many drafts, and every kind of thing that could not be used, in the program's own sentences. */
function Made({ made }: { made: ProposalsMade }) {
  const { t, lang } = useWords();
  const title = made.made > 0 ? t('drafts.made', { count: made.made }) : t('drafts.madeNone');
  const more = made.failed_total > made.failed.length;
  return <Alert type={made.made > 0 ? 'success' : 'warning'} showIcon role="status" title={title} description={made.failed_total > 0 && <Collapse ghost className="flush-collapse" items={[{
    key: 'failed', label: t('drafts.failed', { count: made.failed_total }),
    children: <ul className="draft-failed">{made.failed.map((sentence, index) => <li key={index}>{sentence}</li>)}{more && <li>… {number(lang, made.failed_total - made.failed.length)}</li>}</ul>,
  }]} />} />;
}
