/** @file Step one from a database: a query, what its columns mean, what becomes of its first rows, and its import. */
import { Input } from 'antd';
import { useEffect, useState } from 'react';
import { useChange, useStream } from '../../../../api/use';
import type { DatabaseSeen, SourceSeen } from '../../../../api/generated/types';
import { Panel } from '../../../../components/page';
import { Refusal } from '../../../../components/state';
import { TaskBar } from '../../../../components/taskbar';
import { useWords } from '../../../../i18n/use';
import { DatabaseSource, type DatabaseChoice } from '../../database';
import { Field } from '../fields';
import { Foot } from '../frame';
import { useRested } from '../rested';
import type { StepProps } from '../wizard';
import { Previewed } from './live';
import { Mapping } from './mapping';
import { Records } from './reading';

/** The first rows of a query as those of any source. */
const asSource = ({ columns, records, recipe, certainty, reasons, preview }: DatabaseSeen): SourceSeen => ({
  path: '', name: '', format: 'database', encoding: null, delimiter: null, header: null, sheets: [], files: [], bytes: 0,
  columns, records, recipe, certainty, reasons, skipped: [], preview, ready: false, document: false,
});

export function QueryStep(props: StepProps) {
  const { draft, update } = props;
  const [seen, setSeen] = useState<SourceSeen | null>(null);
  const take = (choice: DatabaseChoice) => {
    const same = draft.database?.id === choice.id && draft.database.sql === choice.sql;
    setSeen(asSource(choice.seen));
    // Another query has other columns; the same one, looked at again after a restart, keeps its corrected mapping.
    update({ database: { id: choice.id, sql: choice.sql }, ...(!same && { recipe: null }) });
  };
  return <>
    <DatabaseSource initial={draft.database ?? undefined} onSeen={take} />
    {seen && draft.database && <Mapped {...props} seen={seen} from={draft.database} />}
  </>;
}

function Mapped({ id, draft, update, seen, from }: StepProps & { seen: SourceSeen; from: { id: string; sql: string } }) {
  const { t } = useWords();
  const recipe = draft.recipe ?? seen.recipe;
  const rested = useRested(draft.recipe);
  const { mutate, data, error, reset } = useChange('database_preview');
  const { id: connection, sql } = from;
  useEffect(() => { if (rested) mutate({ id: connection, sql, recipe: rested }); else reset(); }, [rested, connection, sql, mutate, reset]);
  const stream = useStream('database_import', { key: `wizard/${id}` });
  const { result, clear } = stream;
  useEffect(() => {
    if (!result) return;
    clear();
    update({ dataset: result.dataset, version: result.version, kind: result.kind, step: 'check', reached: 'check', keptFinds: null, parts: null, sent: {} });
  }, [result, clear, update]);
  const name = draft.name.trim();
  const start = () => { if (name && !stream.running) void stream.run({ ...from, recipe, name }); };
  return <>
    <Panel title={t('wizard.columns')} lead={t('wizard.columnsText')}><Records seen={seen} /></Panel>
    <div className="mapped"><Mapping seen={seen} recipe={recipe} onRecipe={(next) => update({ recipe: next })} />
      <Panel title={t('wizard.live')}><Refusal error={error} /><Previewed rows={data ?? seen.preview} /></Panel></div>
    <Panel>
      <Field label={t('wizard.name')} hint={t(name ? 'wizard.nameText' : 'wizard.nameNeeded')}>{(named) => <Input {...named} maxLength={100} value={draft.name} status={name ? undefined : 'error'} disabled={stream.running} onChange={(event) => update({ name: event.target.value })} />}</Field>
      <Refusal error={stream.error} onRetry={start} onClose={stream.clear} />
      {stream.running && <TaskBar value={stream.event} title={name} onCancel={stream.cancel} />}
    </Panel>
    <Foot next={t('wizard.import')} busy={stream.running} closed={!name} onNext={start} />
  </>;
}
