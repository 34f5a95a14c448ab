/** @file What the columns mean: the guess with its reasons, corrected field by field. */
import { Button, Checkbox, Progress, Select } from 'antd';
import type { Recipe, RecipeSource, SourceSeen } from '../../../../api/generated/types';
import { Panel } from '../../../../components/page';
import { useWords } from '../../../../i18n/use';
import { percent } from '../../../../lib/format';
import { ColumnField, Field, TemplateField } from '../fields';
import { GroupFields, RoleFields } from './grouping';
import { kinds, missing, shapes, sketch, withKind, withPart, withSource } from './recipe';
import { Recipes } from './recipes';

type Props = { seen: SourceSeen; recipe: Recipe; onRecipe: (recipe: Recipe) => void; onAsIs?: () => void };
type PartProps = Omit<Props, 'onAsIs'>;

export function Mapping({ seen, recipe, onRecipe, onAsIs }: Props) {
  const { t } = useWords();
  const { columns } = seen;
  const gone = missing(recipe, columns);
  const acts = <><Recipes recipe={recipe} onApply={onRecipe} />{recipe !== seen.recipe && <Button size="small" onClick={() => onRecipe(seen.recipe)}>{t('wizard.backToGuess')}</Button>}{onAsIs && <Button size="small" onClick={onAsIs}>{t('wizard.asIs')}</Button>}</>;
  return <Panel title={t('wizard.mapping')} lead={t('wizard.mappingText')} extra={acts}>
    <div className="stack wide-gap">
      <Guess seen={seen} />
      {gone.length > 0 && <p className="bad" role="alert">{t('wizard.columnsMissing', { columns: gone.join(', ') })}</p>}
      <div className="fields">
        <Field label={t('datasets.kind')} hint={t(`wizard.kindText.${recipe.kind}`)}>{(label) => <Select {...label} value={recipe.kind} onChange={(kind) => onRecipe(withKind(recipe, kind, seen))} options={kinds.map((one) => ({ value: one, label: t(`datasets.kinds.${one}`) }))} />}</Field>
        <Field label={t('wizard.shape')} hint={t(`wizard.shapeText.${recipe.source.shape}`)}>{(label) => <Select {...label} value={recipe.source.shape} disabled={shapes[recipe.kind].length < 2} onChange={(shape) => onRecipe(withSource(recipe, sketch(shape, columns)))} options={shapes[recipe.kind].map((one) => ({ value: one, label: t(`wizard.shapes.${one}`) }))} />}</Field>
      </div>
      <SourceFields seen={seen} recipe={recipe} onRecipe={onRecipe} />
      {(recipe.source.shape === 'turn' || recipe.source.shape === 'pair') && <GroupFields seen={seen} recipe={recipe} onRecipe={onRecipe} />}
      {(recipe.source.shape === 'turn' || recipe.source.shape === 'messages') && <RoleFields seen={seen} recipe={recipe} onRecipe={onRecipe} />}
      <Further seen={seen} recipe={recipe} onRecipe={onRecipe} />
    </div>
  </Panel>;
}

function Guess({ seen }: { seen: SourceSeen }) {
  const { t, lang } = useWords();
  const share = percent(lang, seen.certainty);
  return <details className="reasons guess"><summary><span>{t('wizard.certainty', { share })}</span><Progress className="guess-bar" size="small" showInfo={false} percent={Math.round(seen.certainty * 100)} aria-label={t('wizard.certainty', { share })} /></summary>
    <ul>{seen.reasons.map((reason, index) => <li key={index}>{reason}</li>)}</ul></details>;
}

function SourceFields({ seen: { columns }, recipe, onRecipe }: PartProps) {
  const { t } = useWords();
  const { source } = recipe;
  const set = (part: Partial<RecipeSource>) => onRecipe({ ...recipe, source: { ...source, ...part } as RecipeSource });
  if (source.shape === 'pair') return <div className="fields">
    <TemplateField label={t('wizard.question')} columns={columns} value={source.question} onChange={(question) => set({ question })} />
    <TemplateField label={t('wizard.answer')} columns={columns} value={source.answer} onChange={(answer) => set({ answer })} /></div>;
  if (source.shape === 'turn') return <div className="fields">
    <ColumnField label={t('wizard.speaker')} columns={columns} value={source.speaker} onChange={(speaker) => set({ speaker: speaker ?? '' })} />
    <TemplateField label={t('wizard.content')} columns={columns} value={source.content} onChange={(content) => set({ content })} /></div>;
  if (source.shape === 'messages') return <div className="fields"><ColumnField label={t('wizard.messages')} columns={columns} value={source.column} onChange={(column) => set({ column: column ?? '' })} /></div>;
  if (source.shape === 'text') return <div className="fields"><TemplateField label={t('wizard.text')} columns={columns} value={source.text} onChange={(text) => set({ text })} /></div>;
  const asked = (question: string) => { const { history: _, ...rest } = source; onRecipe({ ...recipe, source: question ? { ...rest, question } : { ...source, question: undefined } }); };
  const past = (history: string | null) => { const { question: _, history: __, ...rest } = source; onRecipe({ ...recipe, source: history ? { ...rest, history } : { ...rest, question: source.question ?? '' } }); };
  return <div className="fields">
    <TemplateField label={t('wizard.question')} columns={columns} value={source.question ?? ''} optional onChange={asked} />
    <ColumnField label={t('wizard.history')} columns={columns} value={source.history ?? null} optional onChange={past} />
    <TemplateField label={t('wizard.chosen')} columns={columns} value={source.chosen} onChange={(chosen) => set({ chosen })} />
    <TemplateField label={t('wizard.rejected')} columns={columns} value={source.rejected} onChange={(rejected) => set({ rejected })} /></div>;
}

function Further({ seen: { columns }, recipe, onRecipe }: PartProps) {
  const { t } = useWords();
  return <details open={Boolean(recipe.system ?? recipe.tools ?? recipe.thinking)}><summary>{t('wizard.further')}</summary>
    <div className="stack further">{recipe.source.shape !== 'text' && <div className="fields">
      <TemplateField label={t('wizard.system')} hint={t('wizard.systemText')} columns={columns} value={recipe.system ?? ''} optional onChange={(system) => onRecipe(withPart(recipe, 'system', system))} />
      {recipe.kind !== 'cpt' && <ColumnField label={t('wizard.tools')} hint={t('wizard.toolsText')} columns={columns} value={recipe.tools ?? null} optional onChange={(tools) => onRecipe(withPart(recipe, 'tools', tools))} />}
      <ColumnField label={t('wizard.thinking')} hint={t('wizard.thinkingText')} columns={columns} value={recipe.thinking ?? null} optional onChange={(thinking) => onRecipe(withPart(recipe, 'thinking', thinking))} /></div>}
      <Checkbox checked={recipe.keep_spaces ?? false} onChange={(event) => onRecipe({ ...recipe, keep_spaces: event.target.checked })}>{t('wizard.keepSpaces')}</Checkbox></div>
  </details>;
}
