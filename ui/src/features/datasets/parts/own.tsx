/** @file Rules of one's own for what must not leave: words, or a pattern. */
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import type { MaskRule } from '../../../api/generated/types';
import { IconDelete } from '../../../components/icons';
import { useWords } from '../../../i18n/use';
import { isSend } from '../../../lib/keys';

const nameOf = (rule: MaskRule) => ('words' in rule ? rule.words.name : rule.pattern.name);
const wordsOf = (text: string) => [...new Set(text.split(/[\n,，、;；]/).map((word) => word.trim()).filter(Boolean))];

export function OwnRules({ rules, onRules, disabled }: { rules: readonly MaskRule[]; onRules: (rules: MaskRule[]) => void; disabled?: boolean }) {
  const { t } = useWords();
  return <div className="stack">
    {rules.length > 0 && <ul className="rows" aria-label={t('detail.own')}>{rules.map((rule) => <li key={nameOf(rule)} className="row between nowrap-row">
      <span className="cell-two"><b className="break">{nameOf(rule)}</b><span className="soft break">{'words' in rule ? rule.words.words.join(' · ') : <code>{rule.pattern.pattern}</code>}</span></span>
      <Button type="text" danger icon={<IconDelete />} disabled={disabled} aria-label={t('detail.ownRemove', { name: nameOf(rule) })} onClick={() => onRules(rules.filter((one) => one !== rule))} /></li>)}</ul>}
    <Fresh taken={rules.map(nameOf)} disabled={disabled} onAdd={(rule) => onRules([...rules, rule])} />
  </div>;
}

function Fresh({ taken, disabled, onAdd }: { taken: string[]; disabled?: boolean; onAdd: (rule: MaskRule) => void }) {
  const { t } = useWords();
  const [kind, setKind] = useState<'words' | 'pattern'>('words');
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const called = name.trim();
  const double = taken.includes(called);
  const ready = called !== '' && !double && (kind === 'words' ? wordsOf(text).length > 0 : text.trim() !== '');
  const add = () => {
    if (!ready) return;
    onAdd(kind === 'words' ? { words: { name: called, words: wordsOf(text) } } : { pattern: { name: called, pattern: text } });
    setName(''); setText('');
  };
  return <div className="own-fresh" role="group" aria-label={t('detail.ownAdd')}>
    <Select aria-label={t('detail.ownKind')} value={kind} disabled={disabled} onChange={setKind} options={[{ value: 'words', label: t('detail.ownWords') }, { value: 'pattern', label: t('detail.ownPattern') }]} />
    <Input aria-label={t('detail.ownName')} placeholder={t('detail.ownName')} maxLength={60} value={name} status={double ? 'error' : undefined} disabled={disabled} onChange={(event) => setName(event.target.value)} />
    <Input aria-label={t(kind === 'words' ? 'detail.ownWordsHint' : 'detail.ownPatternHint')} placeholder={t(kind === 'words' ? 'detail.ownWordsHint' : 'detail.ownPatternHint')} maxLength={20_000} value={text} disabled={disabled} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => { if (isSend(event)) add(); }} />
    <Button disabled={!ready || disabled} onClick={add}>{t('act.add')}</Button>
    {double && <span role="alert" className="bad small">{t('detail.ownTaken', { name: called })}</span>}
  </div>;
}
