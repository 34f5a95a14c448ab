/** @file Wizards that were left: continue one, or throw it away. */
import { Button } from 'antd';
import { useState } from 'react';
import { useCall } from '../../api/use';
import { Confirmed } from '../../components/confirm';
import { IconDelete, IconStart } from '../../components/icons';
import { Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { age } from '../../lib/format';
import { go } from '../../lib/look';
import { nameOf, readWizard, steps, useForget } from './wizard/draft';

export function Begun() {
  const { t, lang } = useWords();
  const list = useCall('draft_list', {});
  const forget = useForget();
  const [refused, setRefused] = useState<Error | null>(null);
  const rows = (list.data ?? []).flatMap((row) => { const draft = readWizard(row.content); return draft ? [{ ...row, draft }] : []; });
  if (!list.error && rows.length === 0) return null;
  return <Panel title={t('datasets.begun')}>
    <Refusal error={list.error ?? refused} onRetry={() => { setRefused(null); void list.refetch(); }} />
    <ul className="rows" aria-label={t('datasets.begun')}>{rows.map(({ id, saved_at, draft }) => {
      const name = draft.name || nameOf(draft.path) || (draft.database ? t('wizard.fromDatabase') : id);
      return <li key={id} className="row between">
        <div className="cell-two"><b className="break">{name}</b><span className="soft">{t('datasets.atStep', { at: steps.indexOf(draft.step) + 1, step: t(`wizard.step.${draft.step}`), age: age(lang, saved_at) })}</span>{draft.path && <span className="soft break">{draft.path}</span>}</div>
        <div className="row"><Button size="small" type="primary" icon={<IconStart aria-hidden />} aria-label={t('datasets.continueOf', { name })} onClick={() => go('datasets', 'new', id)}>{t('datasets.continue')}</Button>
          <Confirmed size="small" icon={<IconDelete aria-hidden />} label={t('datasets.discard')} aria-label={t('datasets.discardDraftOf', { name })} title={t('datasets.discardDraft', { name })} text={t(draft.dataset ? 'datasets.discardDraftKept' : 'datasets.discardDraftText')} onYes={() => void forget(id).catch(setRefused)} /></div>
      </li>;
    })}</ul>
  </Panel>;
}
