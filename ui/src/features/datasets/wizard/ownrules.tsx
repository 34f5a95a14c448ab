/** @file Words and patterns of the user's own that are masked, too. */
import { Button, Input, Modal, Segmented, Tag } from 'antd';
import { useState } from 'react';
import type { MaskRule } from '../../../api/generated/types';
import { IconAdd, IconDelete } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { useWords } from '../../../i18n/use';
import { Field } from './fields';

const nameOf = (rule: MaskRule) => ('words' in rule ? rule.words.name : rule.pattern.name);

export function OwnRules({ rules, disabled, onRules }: { rules: readonly MaskRule[]; disabled: boolean; onRules: (rules: MaskRule[]) => void }) {
  const { t } = useWords();
  const [adding, setAdding] = useState(false);
  return <Panel title={t('wizard.own')} lead={t('wizard.ownText')} extra={<Button size="small" icon={<IconAdd aria-hidden />} disabled={disabled} onClick={() => setAdding(true)}>{t('wizard.addRule')}</Button>}>
    {rules.length > 0 && <ul className="rows" aria-label={t('wizard.own')}>{rules.map((rule, index) => <li key={`${nameOf(rule)}/${index}`} className="row between">
      <span className="cell-two"><b className="break">{nameOf(rule)}</b>{'words' in rule ? <span className="row">{rule.words.words.slice(0, 30).map((word) => <Tag key={word}>{word}</Tag>)}{rule.words.words.length > 30 && <span className="soft">+{rule.words.words.length - 30}</span>}</span> : <code className="soft break">{rule.pattern.pattern}</code>}</span>
      <Button type="text" icon={<IconDelete />} disabled={disabled} aria-label={`${t('act.delete')} ${nameOf(rule)}`} onClick={() => onRules(rules.filter((_, at) => at !== index))} /></li>)}</ul>}
    {adding && <Rule taken={rules.map(nameOf)} onClose={() => setAdding(false)} onRule={(rule) => { setAdding(false); onRules([...rules, rule]); }} />}
  </Panel>;
}

function Rule({ taken, onRule, onClose }: { taken: readonly string[]; onRule: (rule: MaskRule) => void; onClose: () => void }) {
  const { t } = useWords();
  const [kind, setKind] = useState<'words' | 'pattern'>('words');
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const words = [...new Set(text.split(/[\n,，、;；]+/).map((word) => word.trim()).filter(Boolean))];
  const known = taken.includes(name.trim());
  const full = name.trim() !== '' && !known && (kind === 'words' ? words.length > 0 : text.trim() !== '');
  const add = () => { if (full) onRule(kind === 'words' ? { words: { name: name.trim(), words } } : { pattern: { name: name.trim(), pattern: text.trim() } }); };
  return <Modal open centered width={520} title={t('wizard.addRule')} onCancel={onClose} footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" disabled={!full} onClick={add}>{t('act.add')}</Button></>}>
    <div className="stack">
      <Segmented aria-label={t('wizard.ruleKind')} name="rule" value={kind} onChange={setKind} options={[{ value: 'words', label: t('wizard.words') }, { value: 'pattern', label: t('wizard.pattern') }]} />
      <Field label={t('col.name')} hint={known ? t('wizard.ruleTaken') : t('wizard.ruleName')}>{(named) => <Input {...named} autoFocus maxLength={60} status={known ? 'error' : undefined} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label={t(kind === 'words' ? 'wizard.words' : 'wizard.pattern')} hint={t(kind === 'words' ? 'wizard.wordsText' : 'wizard.patternText')}>{(named) => (kind === 'words' ? <Input.TextArea {...named} autoSize={{ minRows: 4, maxRows: 12 }} value={text} onChange={(event) => setText(event.target.value)} />
        : <Input {...named} className="code" value={text} onChange={(event) => setText(event.target.value)} />)}</Field>
    </div>
  </Modal>;
}
