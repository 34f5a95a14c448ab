/** @file How answers are made: system message, length, chance. */
import { Button, Input, InputNumber, Popover, Switch } from 'antd';
import { IconTune } from '../../components/icons';
import { useWords } from '../../i18n/use';
import { setOptions, useDuel } from './duel';

function Form() {
  const { t } = useWords();
  const options = useDuel((duel) => duel.options);
  const figure = (name: 'max_tokens' | 'temperature' | 'top_p', words: string, min: number, max: number, step: number, hint?: string) => <label className="field"><span>{words}</span>
    <InputNumber<number> size="small" min={min} max={max} step={step} value={options[name]} onChange={(value) => { if (value !== null) setOptions({ [name]: value }); }} />{hint && <small className="soft">{hint}</small>}</label>;
  return <div className="play-settings">
    <label className="field"><span>{t('play.system')}</span><Input.TextArea rows={2} value={options.system} onChange={(event) => setOptions({ system: event.target.value })} /></label>
    <div className="fields">
      {figure('max_tokens', t('play.maxTokens'), 1, 8192, 32)}
      {figure('temperature', t('play.temperature'), 0, 2, 0.1, t('play.temperatureHint'))}
      {figure('top_p', t('play.topP'), 0.01, 1, 0.05)}
      <label className="field"><span>{t('play.seed')}</span><InputNumber<number> size="small" min={0} max={4294967295} precision={0} value={options.seed} onChange={(seed) => setOptions({ seed })} /><small className="soft">{t('play.seedHint')}</small></label>
    </div>
    <label className="inline"><Switch size="small" aria-label={t('play.remember')} checked={options.remember} onChange={(remember) => setOptions({ remember })} /><span>{t('play.remember')}</span></label>
  </div>;
}

export function PlaySettings() {
  const { t } = useWords();
  return <Popover trigger="click" placement="topLeft" title={t('play.settings')} content={<Form />}><Button size="small" type="text" icon={<IconTune aria-hidden />} aria-haspopup="dialog">{t('play.settings')}</Button></Popover>;
}
