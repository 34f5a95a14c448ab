/** @file Documents: cut into passages that become texts to train on, or questions and answers that a model drafts from them. */
import { Button, InputNumber, Input } from 'antd';
import { useEffect, useState } from 'react';
import { useStream } from '../../../../api/use';
import { IconChat } from '../../../../components/icons';
import { Panel } from '../../../../components/page';
import { Refusal } from '../../../../components/state';
import { TaskBar } from '../../../../components/taskbar';
import { useWords } from '../../../../i18n/use';
import { go } from '../../../../lib/look';
import { nameOf } from '../draft';
import { Field } from '../fields';
import { Foot } from '../frame';
import type { StepProps } from '../wizard';

const USUAL = 800;

export function Documents({ id, draft, update }: StepProps) {
  const { t } = useWords();
  const stream = useStream('document_import', { key: `wizard/${id}` });
  const [chars, setChars] = useState<number>(USUAL);
  const { result, clear } = stream;
  useEffect(() => {
    if (!result) return;
    clear();
    update({ dataset: result.dataset, version: result.version, kind: result.kind, step: 'check', reached: 'check', keptFinds: null, parts: null, sent: {} });
  }, [result, clear, update]);
  const name = draft.name.trim();
  const start = () => { if (name && !stream.running) void stream.run({ path: draft.path, name, max_chars: chars }); };
  return <>
    <Panel title={t('wizard.passages')} lead={t('wizard.passagesText')}>
      <div className="fields">
        <Field label={t('wizard.name')} hint={t(name ? 'wizard.nameText' : 'wizard.nameNeeded')}>{(named) => <Input {...named} maxLength={120} value={draft.name} status={name ? undefined : 'error'} disabled={stream.running} onChange={(event) => update({ name: event.target.value })} />}</Field>
        <Field label={t('wizard.longest')} hint={t('wizard.longestText')}>{(named) => <InputNumber {...named} min={100} max={20000} step={100} precision={0} value={chars} disabled={stream.running} onChange={(value) => setChars(value ?? USUAL)} />}</Field>
      </div>
      <Refusal error={stream.error} onRetry={start} onClose={stream.clear} />
      {stream.running && <TaskBar value={stream.event} title={nameOf(draft.path)} onCancel={stream.cancel} />}
    </Panel>
    <Panel title={t('wizard.questions')} lead={t('wizard.questionsText')} extra={<Button icon={<IconChat aria-hidden />} onClick={() => go('datasets', 'drafts')}>{t('wizard.openDrafts')}</Button>}>{null}</Panel>
    <Foot next={t('wizard.cut')} busy={stream.running} closed={!name} onNext={start}>
      {draft.dataset !== null && <Button disabled={stream.running} onClick={() => update({ step: 'check' })}>{t('wizard.goOnWith')}</Button>}</Foot>
  </>;
}
