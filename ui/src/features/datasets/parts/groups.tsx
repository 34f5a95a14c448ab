/** @file Kinds of findings with their totals, areas and fixes; those that have a fix can be chosen. */
import { Button, Checkbox, Tag } from 'antd';
import type { FindingGroup } from '../../../api/generated/types';
import { IconBad, IconWarn } from '../../../components/icons';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';

type Props = {
  groups: readonly FindingGroup[];
  /** Codes that are chosen; without `onChosen` nothing can be. */
  chosen?: readonly string[];
  onChosen?: (codes: string[]) => void;
  /** Lists the findings of a kind. */
  onList?: (code: string) => void;
};

export function Groups({ groups, chosen = [], onChosen, onList }: Props) {
  const { t } = useWords();
  const toggle = (code: string, on: boolean) => onChosen?.(on ? [...chosen, code] : chosen.filter((one) => one !== code));
  return <ul className="rows groups" aria-label={t('datasets.kindsOfFindings')}>
    {groups.map((group) => <li key={group.code}><Group group={group} chosen={chosen.includes(group.code)} onChosen={onChosen && ((on) => toggle(group.code, on))} onList={onList} /></li>)}
  </ul>;
}

function Group({ group, chosen, onChosen, onList }: { group: FindingGroup; chosen: boolean; onChosen?: (on: boolean) => void; onList?: (code: string) => void }) {
  const { t, lang } = useWords();
  const error = group.severity === 'error';
  const text = <span className="cell-two"><b>{group.title}</b><span className="soft">{group.fix ? t('datasets.fixDoes', { fix: group.fix }) : t(`datasets.noFix.${group.area}`)}</span></span>;
  return <div className="group">
    <span className={error ? 'bad' : 'warn'} role="img" aria-label={t(`datasets.${group.severity}`)}>{error ? <IconBad /> : <IconWarn />}</span>
    {onChosen && group.fix ? <Checkbox className="group-choice" checked={chosen} onChange={(event) => onChosen(event.target.checked)}>{text}</Checkbox> : text}
    <div className="group-facts"><Tag>{t(`datasets.area.${group.area}`)}</Tag><span className="num">{number(lang, group.total)}</span>
      {onList && <Button size="small" type="text" aria-label={t('datasets.listOf', { title: group.title })} onClick={() => onList(group.code)}>{t('datasets.list')}</Button>}</div>
  </div>;
}
