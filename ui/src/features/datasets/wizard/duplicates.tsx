/** @file Rows that repeat others, contradict them, or are in data that training must not know: taken out into a new version. */
import { Button, Checkbox, Select } from 'antd';
import { useState } from 'react';
import type { FindingGroup } from '../../../api/generated/types';
import { Panel } from '../../../components/page';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import type { ResultProps } from './check';
import { Field } from './fields';

/** Above 1 means equal rows only. */
const EQUAL = 2;
const thresholds = [EQUAL, 0.95, 0.9, 0.8, 0.7];

export function Duplicates({ draft, dataset, version, groups, busy, dedup }: ResultProps & { groups: readonly FindingGroup[] }) {
  const { t, lang } = useWords();
  const [threshold, setThreshold] = useState(0.9);
  const [one, setOne] = useState(true);
  const total = groups.reduce((sum, group) => sum + group.total, 0);
  const run = () => void dedup.run({ dataset, version, threshold, one_answer: one, held: draft.held });
  return <Panel title={t('wizard.duplicates')} lead={t('wizard.duplicatesText', { n: number(lang, total) })}>
    <div className="stack">
      <div className="fields"><Field label={t('wizard.alike')}>{(named) => <Select {...named} disabled={busy} value={threshold} onChange={setThreshold} options={thresholds.map((value) => ({ value, label: value === EQUAL ? t('wizard.equalOnly') : t('wizard.alikeFrom', { share: number(lang, value * 100) }) }))} />}</Field></div>
      <Checkbox checked={one} disabled={busy} onChange={(event) => setOne(event.target.checked)}>{t('wizard.oneAnswer')}</Checkbox>
      {draft.held.length > 0 && <p className="soft">{t('wizard.heldGoes')}</p>}
      <div><Button disabled={busy} onClick={run}>{t('wizard.dedupNow')}</Button></div>
      <Refusal error={dedup.error} onRetry={run} onClose={dedup.clear} />
    </div>
  </Panel>;
}
