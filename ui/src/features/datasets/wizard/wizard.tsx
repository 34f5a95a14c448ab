/** @file The upload wizard: choose, check, privacy, upload. Every step may stop; what was done is kept as a draft. */
import { Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useCall } from '../../../api/use';
import { IconBack, IconGood } from '../../../components/icons';
import { PageHead } from '../../../components/page';
import { Answer, Nothing, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { go } from '../../../lib/look';
import { CheckStep } from './check';
import { isSent, nameOf, readWizard, useBeginFor, useDrop, useWizard, type Step, type Wizard } from './draft';
import { Stepper } from './frame';
import { PrivacyStep } from './privacy';
import { QueryStep } from './source/query';
import { SourceStep } from './source/source';
import { Start } from './source/start';
import { UploadStep } from './upload';

/** `#/datasets/new`, `#/datasets/new/DRAFT`, and the orders that begin one. */
export default function WizardPage({ order, rest }: { order: 'new' | 'sample' | 'choose' | 'check' | 'upload'; rest: string | undefined }) {
  if (order === 'upload' && rest) return <OfDataset key={rest} dataset={rest} />;
  if (order === 'new' && rest) return <OfDraft key={rest} id={rest} />;
  return <><Head title={null} /><Start order={order === 'upload' ? 'new' : order} path={rest} /></>;
}

function Head({ title, saved, onSave }: { title: string | null; saved?: 'not' | 'yes' | Error; onSave?: () => void }) {
  const { t } = useWords();
  return <>
    <PageHead title={title ?? t('wizard.title')} lead={t('wizard.lead')} back={<Button type="link" className="back" icon={<IconBack aria-hidden />} onClick={() => go('datasets')}>{t('nav.datasets')}</Button>}>
      {saved === 'yes' && <span className="soft saved"><IconGood aria-hidden /> {t('wizard.saved')}</span>}
    </PageHead>
    {saved instanceof Error && <Refusal error={saved} onRetry={onSave} />}
  </>;
}

/** Checks, masks and uploads the newest version of a local data set; a draft of an older version begins anew. */
function OfDataset({ dataset }: { dataset: string }) {
  const detail = useCall('library_get', { dataset });
  const drafts = useCall('draft_list', {});
  const begin = useBeginFor(dataset);
  const drop = useDrop();
  const latest = detail.data?.dataset.latest.version;
  const decided = useRef(false);
  useEffect(() => {
    if (latest === undefined || !drafts.data || decided.current) return;
    decided.current = true;
    const row = drafts.data.find((one) => one.id === dataset);
    const kept = row ? readWizard(row.content) : null;
    if (kept && kept.version >= latest) return;
    if (kept) drop(dataset);
    begin(latest);
  }, [latest, drafts.data, drop, dataset, begin]);
  return <>{(detail.error ?? drafts.error) && <><Head title={null} /><Refusal error={detail.error ?? drafts.error} onRetry={() => { void detail.refetch(); void drafts.refetch(); }} /></>}
    {latest !== undefined && drafts.data && <OfDraft id={dataset} />}</>;
}

/** A finished wizard forgets itself when it is left, so that its address begins anew. */
function useOver(id: string, draft: Wizard | undefined) {
  const drop = useDrop();
  const over = draft !== undefined && isSent(draft);
  const last = useRef(over);
  last.current = over;
  useEffect(() => () => { if (last.current) drop(id); }, [drop, id]);
}

function OfDraft({ id }: { id: string }) {
  const { t } = useWords();
  const wizard = useWizard(id);
  const { draft, update } = wizard;
  useOver(id, draft);
  if (!draft) return <><Head title={null} />
    <Answer query={{ data: wizard.isPending || wizard.error ? undefined : null, error: wizard.error, isPending: wizard.isPending, refetch: wizard.refetch }} rows={6}>
      {() => <Nothing title={t('wizard.gone')} text={t('wizard.goneText')}><Button type="primary" onClick={() => go('datasets', 'new')}>{t('wizard.title')}</Button></Nothing>}</Answer></>;
  const title = draft.name || (draft.path ? nameOf(draft.path) : null);
  const toStep = (step: Step) => update({ step });
  return <>
    <Head title={title} saved={wizard.saved} onSave={() => void wizard.saveNow()} />
    <Stepper draft={draft} onStep={toStep} />
    <Content id={id} draft={draft} update={update} />
  </>;
}

export type StepProps = { id: string; draft: Wizard; update: ReturnType<typeof useWizard>['update'] };
/** Of the steps after the first: there is a version. */
export type VersionProps = StepProps & { dataset: string; version: number };

function Content(props: StepProps) {
  const { draft } = props;
  const { dataset, version } = draft;
  if (draft.step === 'choose' || dataset === null) return draft.database ? <QueryStep {...props} /> : <SourceStep {...props} />;
  if (draft.step === 'check') return <CheckStep key={dataset} {...props} dataset={dataset} version={version} />;
  if (draft.step === 'privacy') return <PrivacyStep {...props} dataset={dataset} version={version} />;
  return <UploadStep {...props} dataset={dataset} version={version} />;
}
