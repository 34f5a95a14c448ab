/** @file The playground: one prompt, one to three answers side by side, streamed. */
import { Button, Input, Skeleton, Switch } from 'antd';
import { useEffect, useState } from 'react';
import { useHost } from '../../api/use';
import { IconAdd, IconSend, IconStop } from '../../components/icons';
import { Panel } from '../../components/page';
import { Nothing, Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { isSend } from '../../lib/keys';
import { Answers } from './answers';
import { addColumn, ask, MAX_COLUMNS, setOptions, setTarget, startOver, stop, useDuel } from './duel';
import { PlaySettings } from './playsettings';
import { useTargets, type Option } from '../../components/targets';

/** Base left, tuned right: the comparison most people come for. */
function useFirstChoice(all: Option[], ready: boolean, first: string | undefined) {
  useEffect(() => {
    if (!ready) return;
    const { columns } = useDuel.getState();
    const [left, right] = columns;
    const wanted = all.find((option) => option.model === first) ?? all.find((option) => option.origin === 'tuned') ?? all.find((option) => option.origin !== 'base');
    const base = all.find((option) => option.origin === 'base');
    if (first && wanted && right) setTarget(right.key, wanted.target);
    else if (right && !right.target && wanted) setTarget(right.key, wanted.target);
    if (left && !left.target) setTarget(left.key, (base ?? wanted)?.target ?? null);
  }, [all, ready, first]);
}

export function Playground({ first }: { first: string | undefined }) {
  const { t } = useWords();
  const targets = useTargets();
  const { columns } = useDuel();
  useFirstChoice(targets.all, targets.ready, first);
  if (targets.error) return <Refusal error={targets.error} onRetry={targets.refetch} />;
  if (!targets.ready) return <Panel><Skeleton active title={false} paragraph={{ rows: 6 }} /></Panel>;
  if (targets.all.length === 0) return <Panel><Nothing title={t('play.noModels')} text={t('play.noModelsText')} /></Panel>;
  return <div className="play">
    <div className={`play-columns play-${columns.length}`}>
      {columns.map((column, index) => <Answers key={column.key} column={column} index={index} rival={index === 0 ? undefined : columns[0]} groups={targets.groups} all={targets.all} removable={columns.length > 1} />)}
    </div>
    <Asker />
  </div>;
}

function Asker() {
  const { t } = useWords();
  const host = useHost();
  const { columns, options } = useDuel();
  const [prompt, setPrompt] = useState('');
  const running = columns.some((column) => column.turns.at(-1)?.running);
  const able = columns.some((column) => column.target);
  const send = () => {
    const text = prompt.trim();
    if (!text || running || !able) return;
    ask(host, text);
    setPrompt('');
  };
  return <div className="panel asker">
    <Input.TextArea className="asker-text" variant="borderless" rows={3} value={prompt} aria-label={t('play.prompt')} placeholder={t('play.placeholder')} title={t('play.sendHint')}
      onChange={(event) => setPrompt(event.target.value)} onKeyDown={(event) => { if (isSend(event)) { event.preventDefault(); send(); } }} />
    <div className="row between">
      <div className="row">
        <PlaySettings />
        {columns.length < MAX_COLUMNS && <Button size="small" type="text" icon={<IconAdd aria-hidden />} onClick={addColumn}>{t('play.addColumn')}</Button>}
        {columns.length > 1 && <label className="inline" title={t('play.differencesHint')}><Switch size="small" aria-label={t('play.differences')} checked={options.differences} onChange={(differences) => setOptions({ differences })} /><span>{t('play.differences')}</span></label>}
        {columns.some((column) => column.turns.length > 0) && <Button size="small" type="text" onClick={startOver}>{t('play.clear')}</Button>}
      </div>
      {running ? <Button danger icon={<IconStop aria-hidden />} onClick={stop}>{t('play.stop')}</Button>
        : <Button type="primary" icon={<IconSend aria-hidden />} disabled={!prompt.trim() || !able} onClick={send}>{t('play.send')}</Button>}
    </div>
  </div>;
}
