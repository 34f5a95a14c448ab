/** @file Rows that make one conversation, and who speaks under which name. */
import { InputNumber, Select, Switch } from 'antd';
import type { Recipe, SourceSeen } from '../../../../api/generated/types';
import { useWords } from '../../../../i18n/use';
import { ColumnField, Field } from '../fields';
import { speakers, withPart, withRole } from './recipe';

type Props = { seen: SourceSeen; recipe: Recipe; onRecipe: (recipe: Recipe) => void };

export function GroupFields({ seen: { columns }, recipe, onRecipe }: Props) {
  const { t } = useWords();
  const { group } = recipe;
  const must = recipe.source.shape === 'turn';
  const toggle = (on: boolean) => { const { group: _, ...rest } = recipe; onRecipe(on ? { ...rest, group: { by: [] } } : rest); };
  return <fieldset className="fieldset"><legend>{t('wizard.grouping')}</legend>
    {!must && <label className="inline"><Switch size="small" aria-label={t('wizard.grouped')} checked={group !== undefined} onChange={toggle} />{t('wizard.grouped')}</label>}
    {group && <div className="fields">
      <Field label={t('wizard.groupBy')} hint={t('wizard.groupByText')}>{(named) => <Select {...named} mode="multiple" value={group.by} onChange={(by) => onRecipe({ ...recipe, group: { ...group, by } })} options={columns.map((name) => ({ value: name, label: name }))} />}</Field>
      <ColumnField label={t('wizard.order')} hint={t('wizard.orderText')} columns={columns} value={group.order ?? null} optional onChange={(order) => onRecipe({ ...recipe, group: order ? { ...group, order } : { by: group.by } })} />
      {group.order && <Field label={t('wizard.gap')} hint={t('wizard.gapText')}>{(named) => <InputNumber {...named} min={1} max={100000} precision={0} value={group.gap_minutes ?? null} onChange={(minutes) => { const { gap_minutes: _, ...rest } = group; onRecipe({ ...recipe, group: minutes ? { ...rest, gap_minutes: minutes } : rest }); }} />}</Field>}
    </div>}
  </fieldset>;
}

const roles = ['user', 'assistant', 'system', 'tool'] as const;

export function RoleFields({ seen, recipe, onRecipe }: Props) {
  const { t } = useWords();
  const named = roles.map((role) => ({ value: role as string, label: t(`datasets.role.${role}`) }));
  const value = (name: string) => { const role = recipe.roles?.[name]; return role === undefined ? 'usual' : role ?? 'out'; };
  const set = (name: string, picked: string) => onRecipe(withRole(recipe, name, picked === 'usual' ? undefined : picked === 'out' ? null : picked));
  return <fieldset className="fieldset"><legend>{t('wizard.roles')}</legend><p className="soft">{t('wizard.rolesText')}</p>
    <ul className="rows role-rows">{speakers(seen, recipe).map((name) => <li key={name} className="row between"><b className="break">{name}</b>
      <Select className="role-choice" aria-label={t('wizard.roleOf', { name })} value={value(name)} onChange={(picked) => set(name, picked)} options={[{ value: 'usual', label: t('wizard.asUsual') }, ...named, { value: 'out', label: t('wizard.leaveOut') }]} /></li>)}
      <li className="row between"><span>{t('wizard.others')}</span><Select className="role-choice" aria-label={t('wizard.others')} value={recipe.others ?? ''} onChange={(picked) => onRecipe(withPart(recipe, 'others', picked || null))} options={[{ value: '', label: t('wizard.othersNone') }, ...named]} /></li></ul>
  </fieldset>;
}
