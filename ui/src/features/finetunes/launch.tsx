/** @file The one launch page: choices left, sticky summary right, a button that names what is missing. */
import { Button, Input, Select } from 'antd';
import { useDeferredValue, useRef, useState } from 'react';
import { useCall, useChange, useStream } from '../../api/use';
import type { HyperParameters, TrainingType } from '../../api/generated/types';
import { IconBack } from '../../components/icons';
import { PageHead, Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { go } from '../../lib/look';
import { Bases } from './bases';
import { DataChoice } from './datachoice';
import { Hyper, isLowRank, kinds, usualFor } from './hyper';
import { Licence } from './licence';
import { Summary } from './summary';

/** Puts the keyboard where the missing choice is made. */
function focusIn(box: HTMLElement | null): void {
  box?.scrollIntoView?.({ block: 'center' });
  box?.querySelector<HTMLElement>('input, button, a')?.focus();
}

export function Launch() {
  const { t } = useWords();
  const catalog = useCall('catalog_list', {});
  const datasets = useCall('dataset_list', {});
  const start = useChange('tune_start');
  const prepare = useStream('catalog_prepare');
  const [choice, setModel] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [name, setName] = useState('');
  const [kind, setKind] = useState<TrainingType>('efficient_sft');
  const [own, setHyper] = useState<HyperParameters | null>(null);
  const [reading, setReading] = useState<string | null>(null);
  const modelBox = useRef<HTMLDivElement>(null);
  const dataBox = useRef<HTMLDivElement>(null);

  // What is ready, or alone, is chosen beforehand; whoever wants something else sees and changes it.
  const model = choice ?? catalog.data?.find((row) => row.ready)?.id ?? catalog.data?.[0]?.id ?? '';
  const base = catalog.data?.find((row) => row.id === model);
  const known = datasets.data ?? [];
  const ids = (chosen ?? (known.length === 1 ? known.map((row) => row.id) : [])).filter((id) => known.some((row) => row.id === id));
  // Until somebody changes a setting, the settings are the usual ones of the type.
  const hyper = own ?? usualFor(kind);
  // A model that cannot read as far as the usual setting gets as much as it can.
  const longest = base?.max_length ?? null;
  const fitted = longest !== null && hyper.max_length > longest ? { ...hyper, max_length: longest } : hyper;
  const request = { model, dataset_ids: ids, name: name.trim() || null, training_type: kind, hyper_parameters: fitted };
  const asked = useDeferredValue({ ...request, name: null });
  const estimate = useCall('tune_estimate', asked, { enabled: asked.model !== '' && asked.dataset_ids.length > 0, keep: true });

  const getReady = (id: string) => { if (catalog.data?.find((row) => row.id === id)?.licence_accepted) void prepare.run({ model: id }); else setReading(id); };
  const launch = () => start.mutate(request, { onSuccess: (row) => go('finetunes', row.job_id) });
  const step = !base ? { words: t('tunes.needModel'), run: () => focusIn(modelBox.current) }
    : prepare.running ? { words: t('tunes.preparing'), run: null }
    : !base.ready || !base.licence_accepted ? { words: base.ready ? t('tunes.needLicence') : t('tunes.needReady'), run: () => getReady(base.id) }
    : ids.length === 0 ? { words: t('tunes.needData'), run: () => focusIn(dataBox.current) }
    : { words: t('tunes.launch'), run: launch };

  return <>
    <PageHead title={t('tunes.launchTitle')} back={<Button type="link" className="back" icon={<IconBack aria-hidden />} href="#/finetunes">{t('tunes.all')}</Button>} />
    <div className="split">
      <div className="stack wide-gap">
        <Panel title={t('tunes.model')}><div ref={modelBox}><Bases query={catalog} value={model} onChange={setModel} onPrepare={getReady} prepare={prepare} onRead={setReading} /></div></Panel>
        <Panel title={t('tunes.data')}><div ref={dataBox}><DataChoice query={datasets} value={ids} onChange={setChosen} /></div></Panel>
        <Panel title={t('tunes.kind')}><div className="field"><Select id="training-type" aria-label={t('tunes.kind')} value={kind} onChange={setKind} options={kinds.map((one) => ({ value: one, label: t(`tunes.kinds.${one}`) }))} /></div></Panel>
        <Panel title={t('tunes.naming')}><Input maxLength={64} value={name} aria-label={t('tunes.naming')} placeholder={t('tunes.namePlaceholder')} onChange={(event) => setName(event.target.value)} /></Panel>
        <Panel title={t('tunes.settings')} extra={own && <Button size="small" type="link" onClick={() => setHyper(null)}>{t('tunes.reset')}</Button>}><Hyper value={fitted} lowRank={isLowRank(kind)} longest={longest} onChange={setHyper} /></Panel>
      </div>
      <aside className="panel sticky" aria-label={t('tunes.summary')}>
        <h2>{t('tunes.summary')}</h2>
        <Summary base={base} count={ids.length} epochs={hyper.n_epochs} estimate={estimate} />
        <Button block type="primary" size="large" className="wrap-button" disabled={step.run === null} loading={start.isPending} onClick={() => step.run?.()}>{step.words}</Button>
        <Refusal error={start.error} onRetry={launch} />
      </aside>
    </div>
    {reading && <Licence model={reading} accepted={catalog.data?.find((row) => row.id === reading)?.licence_accepted ?? false} onAccepted={() => { setReading(null); void prepare.run({ model: reading }); }} onClose={() => setReading(null)} />}
  </>;
}
