/** @file Recipes that are kept under a name: save this one, apply or delete another. */
import { Button, Input, Modal } from 'antd';
import { useState } from 'react';
import { useCall, useChange } from '../../../../api/use';
import type { Recipe } from '../../../../api/generated/types';
import { Confirmed } from '../../../../components/confirm';
import { IconDelete } from '../../../../components/icons';
import { Answer, Refusal } from '../../../../components/state';
import { useWords } from '../../../../i18n/use';
import { isSend } from '../../../../lib/keys';

export function Recipes({ recipe, onApply }: { recipe: Recipe; onApply: (recipe: Recipe) => void }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return <>
    <Button size="small" onClick={() => setOpen(true)}>{t('wizard.recipes')}</Button>
    {open && <Kept recipe={recipe} onApply={(chosen) => { setOpen(false); onApply(chosen); }} onClose={() => setOpen(false)} />}
  </>;
}

function Kept({ recipe, onApply, onClose }: { recipe: Recipe; onApply: (recipe: Recipe) => void; onClose: () => void }) {
  const { t } = useWords();
  const list = useCall('recipe_list', {});
  const save = useChange('recipe_save');
  const remove = useChange('recipe_delete');
  const [name, setName] = useState('');
  const known = list.data?.some((one) => one.name === name.trim());
  const keep = () => { if (name.trim() && !save.isPending) save.mutate({ name: name.trim(), recipe }, { onSuccess: () => setName('') }); };
  return <Modal open centered width={560} title={t('wizard.recipes')} onCancel={onClose} footer={<Button onClick={onClose}>{t('act.close')}</Button>}>
    <div className="stack">
      <div className="row nowrap-row"><Input className="grow" autoFocus maxLength={80} aria-label={t('wizard.recipeName')} placeholder={t('wizard.recipeName')} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={(event) => { if (isSend(event)) keep(); }} />
        <Button type="primary" disabled={!name.trim()} loading={save.isPending} onClick={keep}>{t(known ? 'wizard.recipeReplace' : 'wizard.recipeSave')}</Button></div>
      <Refusal error={save.error ?? remove.error} />
      <Answer query={list} empty={<p className="soft">{t('wizard.noRecipes')}</p>}>{(rows) => <ul className="rows" aria-label={t('wizard.recipes')}>{rows.map((one) => <li key={one.name} className="row between">
        <span className="cell-two"><b className="break">{one.name}</b><span className="soft">{t(`datasets.kinds.${one.recipe.kind}`)} · {t(`wizard.shapes.${one.recipe.source.shape}`)}</span></span>
        <span className="row"><Button size="small" aria-label={t('wizard.applyOf', { name: one.name })} onClick={() => onApply(one.recipe)}>{t('wizard.apply')}</Button>
          <Confirmed size="small" type="text" icon={<IconDelete />} label={t('act.delete')} aria-label={`${t('act.delete')} ${one.name}`} title={t('wizard.recipeDelete', { name: one.name })} text={t('wizard.recipeDeleteText')} onYes={() => remove.mutate({ name: one.name })} /></span></li>)}</ul>}</Answer>
    </div>
  </Modal>;
}
