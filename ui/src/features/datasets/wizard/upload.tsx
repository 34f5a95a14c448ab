/** @file Step four: where it goes and what is allowed there, in which files, at what pace; sending, receipts, and the way on. */
import { Checkbox, Input, InputNumber, Switch } from 'antd';
import { useId } from 'react';
import { useCall, useStream } from '../../../api/use';
import type { CloudRow, UploadLimits, VersionRow } from '../../../api/generated/types';
import { IconCloud } from '../../../components/icons';
import { Panel } from '../../../components/page';
import { Answer, Refusal } from '../../../components/state';
import { TaskBar } from '../../../components/taskbar';
import { useWords } from '../../../i18n/use';
import { bytes, number } from '../../../lib/format';
import { hrefOf } from '../../../lib/look';
import { useMade } from './check';
import { Field } from './fields';
import { Foot } from './frame';
import { Parts } from './parts';
import type { VersionProps } from './wizard';

export function UploadStep(props: VersionProps) {
  const { dataset, version } = props;
  const clouds = useCall('cloud_list', {});
  const limits = useCall('upload_limits', {});
  const detail = useCall('library_get', { dataset });
  const row = detail.data?.versions.find((one) => one.version === version) ?? detail.data?.dataset.latest;
  const cloud = clouds.data?.find((one) => one.selected);
  const all = { data: cloud && limits.data && row ? { cloud, limits: limits.data, row } : undefined, error: clouds.error ?? limits.error ?? detail.error, isPending: clouds.isPending || limits.isPending || detail.isPending,
    refetch: () => { void clouds.refetch(); void limits.refetch(); void detail.refetch(); } };
  return <Answer query={all} rows={6}>{(data) => <>
    <Target {...data} />
    {props.draft.parts ? <Parts {...props} cloud={data.cloud} limits={data.limits} parts={props.draft.parts} /> : <Divide {...props} {...data} />}
  </>}</Answer>;
}

/** Where it goes, what is allowed there, how fast. */
function Target({ cloud: to, limits: allowed, row: of }: { cloud: CloudRow; limits: UploadLimits; row: VersionRow }) {
  const { t, lang } = useWords();
  const settings = useCall('settings_get', {});
  const pace = settings.data && [settings.data.upload_bytes_per_second > 0 ? t('wizard.paceRate', { rate: bytes(lang, settings.data.upload_bytes_per_second) }) : t('settings.unlimited'), settings.data.upload_hours ? t('wizard.paceHours', { hours: settings.data.upload_hours.replace('-', '–') }) : t('settings.anyTime')].join(' · ');
  return <Panel title={t('wizard.target')} lead={t('wizard.targetText')}>
    <dl className="facts">
      <div><dt>{t('app.cloud')}</dt><dd><IconCloud aria-hidden /> {to.name}{to.region && <span className="soft"> · {to.region}</span>}</dd></div>
      <div><dt>{t('wizard.fileLimit')}</dt><dd>{bytes(lang, allowed.file_bytes)}{allowed.console_bytes < allowed.file_bytes && <span className="soft"> · {t('wizard.consoleLimit', { size: bytes(lang, allowed.console_bytes) })}</span>}</dd></div>
      <div><dt>{t('wizard.thisSize')}</dt><dd className={of.bytes > allowed.file_bytes ? 'warn' : ''}>{t('wizard.rowsBytes', { rows: number(lang, of.rows), size: bytes(lang, of.bytes) })}</dd></div>
      <div><dt>{t('wizard.pace')}</dt><dd>{pace} <a href={hrefOf('settings')}>{t('wizard.change')}</a></dd></div>
    </dl>
  </Panel>;
}

/** Training and validation, or one data set; in several files where one would be too large. */
function Divide({ id, draft, update, dataset, version, row, limits }: VersionProps & { row: VersionRow; limits: UploadLimits }) {
  const { t, lang } = useWords();
  const label = useId();
  const stream = useStream('version_split', { key: `wizard/${id}` });
  useMade(stream, (rows) => update({ parts: rows.map((one) => ({ dataset: one.dataset, version: one.version })), sent: {} }));
  const { split } = draft;
  const set = (part: Partial<typeof split>) => update({ split: { ...split, ...part } });
  const large = row.bytes > limits.file_bytes;
  const held = Math.round((row.rows * split.percent) / 100);
  const few = split.on && (held < 1 || held >= row.rows);
  const plain = !split.on && !large;
  const start = () => {
    if (plain) update({ parts: [{ dataset, version }], sent: {} });
    else void stream.run({ dataset, version, validation_share: split.on ? split.percent / 100 : 0, seed: split.seed, stratified: split.stratified });
  };
  return <>
    <Panel title={t('wizard.divide')} lead={t('wizard.divideText')}>
      <div className="stack">
        <label className="inline"><Switch aria-label={t('wizard.splitOn')} checked={split.on} disabled={stream.running} onChange={(on) => set({ on })} />{t('wizard.splitOn')}</label>
        {split.on && <><div className="fields">
          <Field label={t('wizard.share')} hint={t('wizard.shareText', { train: number(lang, row.rows - held), held: number(lang, held) })}>{(named) => <InputNumber {...named} min={1} max={50} precision={0} suffix="%" value={split.percent} disabled={stream.running} onChange={(percent) => set({ percent: percent ?? 10 })} />}</Field>
          <Field label={t('wizard.seed')} hint={t('wizard.seedText')}>{(named) => <InputNumber {...named} min={0} max={4294967295} precision={0} value={split.seed} disabled={stream.running} onChange={(seed) => set({ seed: seed ?? 42 })} />}</Field></div>
          <Checkbox checked={split.stratified} disabled={stream.running} onChange={(event) => set({ stratified: event.target.checked })}>{t('wizard.stratified')}</Checkbox></>}
        {large && <p className="warn">{t('wizard.severalFiles', { count: Math.ceil(row.bytes / limits.file_bytes), size: bytes(lang, limits.file_bytes) })}</p>}
        <div className="field"><span id={label}>{t('datasets.description')}</span><Input aria-labelledby={label} maxLength={200} value={draft.description} disabled={stream.running} onChange={(event) => update({ description: event.target.value })} /></div>
        <Refusal error={stream.error} onRetry={start} onClose={stream.clear} />
        {stream.running && <TaskBar value={stream.event} title={t('wizard.dividing')} onCancel={stream.cancel} />}
      </div>
    </Panel>
    <Foot onBack={() => update({ step: 'privacy' })} stop={few ? t('wizard.stopFew') : null} busy={stream.running} next={t(plain ? 'wizard.prepareOne' : 'wizard.prepare')} onNext={start} />
  </>;
}
