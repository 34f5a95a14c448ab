/** @file Step one, once there is a source: what it is, what its columns mean, what becomes of its first rows, and its import. */
import { Alert, Button, Input, Select } from 'antd';
import { useEffect, useId } from 'react';
import { useCall, useStream } from '../../../../api/use';
import type { DatasetKind, SourceSeen } from '../../../../api/generated/types';
import { IconFile } from '../../../../components/icons';
import { Panel } from '../../../../components/page';
import { Answer, Refusal } from '../../../../components/state';
import { TaskBar } from '../../../../components/taskbar';
import { useWords } from '../../../../i18n/use';
import { go } from '../../../../lib/look';
import { Documents } from './documents';
import { nameOf } from '../draft';
import { Foot } from '../frame';
import { Live, Previewed } from './live';
import { Mapping } from './mapping';
import { Reading, Records } from './reading';
import { kinds } from './recipe';
import type { StepProps } from '../wizard';

export function SourceStep(props: StepProps) {
  const { draft } = props;
  const seen = useCall('source_look', { path: draft.path, reading: draft.reading }, { keep: true });
  const { t } = useWords();
  return <>
    <Answer query={seen} rows={8}>{(data) => <Seen {...props} seen={data} fresh={!seen.isPlaceholderData && !seen.error} />}</Answer>
    {seen.error && !seen.data && <div className="row">{Object.keys(draft.reading).length > 0 && <Button type="primary" onClick={() => props.update({ reading: {} })}>{t('wizard.asFound')}</Button>}<Button icon={<IconFile aria-hidden />} onClick={() => go('datasets', 'new')}>{t('wizard.other')}</Button></div>}
  </>;
}

function Seen({ id, draft, update, seen, fresh }: StepProps & { seen: SourceSeen; fresh: boolean }) {
  const { t } = useWords();
  const other = <Button size="small" icon={<IconFile aria-hidden />} onClick={() => go('datasets', 'new')}>{t('wizard.other')}</Button>;
  const asIs = draft.asIs ?? (seen.ready && draft.recipe === null);
  const recipe = draft.recipe ?? seen.recipe;
  return <>
    <Panel title={t('wizard.what', { name: seen.name })} extra={other}><Reading seen={seen} reading={draft.reading} onReading={(reading) => update({ reading, recipe: null })} /></Panel>
    {seen.document ? <Documents id={id} draft={draft} update={update} />
      : <>
        {asIs ? <AsIs seen={seen} kind={draft.kind} onKind={(kind) => update({ kind })} onMap={() => update({ asIs: false, recipe: seen.recipe })} />
          : <>
            <Panel title={t('wizard.columns')} lead={t('wizard.columnsText')}><Records seen={seen} /></Panel>
            <div className="mapped"><Mapping seen={seen} recipe={recipe} onRecipe={(next) => update({ recipe: next, asIs: false })} onAsIs={seen.ready ? () => update({ asIs: true, recipe: null }) : undefined} />
            <Live path={draft.path} reading={draft.reading} recipe={recipe} guess={draft.recipe === null ? seen.preview : undefined} /></div>
          </>}
        <Import id={id} draft={draft} update={update} recipe={asIs ? null : recipe} kind={asIs ? draft.kind : recipe.kind} open={fresh} />
      </>}
  </>;
}

/** Lines that are rows to train on already: nothing is done to them, so that the check sees all of them. */
function AsIs({ seen, kind, onKind, onMap }: { seen: SourceSeen; kind: DatasetKind; onKind: (kind: DatasetKind) => void; onMap: () => void }) {
  const { t } = useWords();
  return <Panel title={t('wizard.ready')} extra={<Button size="small" onClick={onMap}>{t('wizard.mapAnyway')}</Button>}>
    <div className="stack"><Alert type="success" showIcon title={t('wizard.readyText')} />
      <label className="row"><span>{t('datasets.kind')}</span><Select className="kind-choice" aria-label={t('datasets.kind')} value={kind} onChange={onKind} options={kinds.map((one) => ({ value: one, label: t(`datasets.kinds.${one}`) }))} /></label>
      {seen.preview.length > 0 && <Previewed rows={seen.preview} />}</div>
  </Panel>;
}

function Import({ id, draft, update, recipe, kind, open }: StepProps & { recipe: SourceSeen['recipe'] | null; kind: DatasetKind; open: boolean }) {
  const { t } = useWords();
  const label = useId();
  const stream = useStream('source_import', { key: `wizard/${id}` });
  const { result, clear } = stream;
  useEffect(() => {
    if (!result) return;
    clear();
    update({ dataset: result.dataset, version: result.version, kind: result.kind, step: 'check', reached: 'check', keptFinds: null, parts: null, sent: {} });
  }, [result, clear, update]);
  const name = draft.name.trim();
  const start = () => { if (name && open && !stream.running) void stream.run({ path: draft.path, reading: draft.reading, kind, name, ...(recipe && { recipe }) }); };
  const done = draft.dataset !== null;
  return <>
    <Panel><div className="field"><span id={label}>{t('wizard.name')}</span>
      <Input aria-labelledby={label} maxLength={120} value={draft.name} status={name ? undefined : 'error'} disabled={stream.running} onChange={(event) => update({ name: event.target.value })} />
      <small className={name ? 'soft' : 'bad'}>{t(name ? 'wizard.nameText' : 'wizard.nameNeeded')}</small></div>
      <Refusal error={stream.error} onRetry={start} onClose={stream.clear} />
      {stream.running && <TaskBar value={stream.event} title={nameOf(draft.path)} onCancel={stream.cancel} />}</Panel>
    <Foot next={t(done ? 'wizard.importAgain' : 'wizard.import')} busy={stream.running} closed={!name || !open} onNext={start}>
      {done && <Button disabled={stream.running} onClick={() => update({ step: 'check' })}>{t('wizard.goOnWith')}</Button>}</Foot>
  </>;
}
