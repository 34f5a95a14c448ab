/** @file One model on this computer: what it is, its formats, and everything that can be done with it. */
import { Button, Dropdown, Tag } from 'antd';
import { useState } from 'react';
import { useChange, useHost, useStream } from '../../api/use';
import type { ModelRow, Quant, TuneRow } from '../../api/generated/types';
import { ConfirmDialog } from '../../components/confirm';
import { CopyText } from '../../components/copy';
import { IconChat, IconConvert, IconDelete, IconDeploy, IconExport, IconMore } from '../../components/icons';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords, wordFor } from '../../i18n/use';
import { bytes, moment, short } from '../../lib/format';
import { go } from '../../lib/look';
import { nameOf } from '../../lib/name';

const quants: Quant[] = ['f32', 'int8', 'int4'];

export function Card({ model, tunes }: { model: ModelRow; tunes: TuneRow[] | undefined }) {
  const { t, lang } = useWords();
  const name = nameOf(model, tunes);
  const convert = useStream('model_convert', { key: model.model });
  const takeOut = useExport(model.model);
  const remove = useChange('model_delete');
  const [asking, setAsking] = useState(false);
  const missing = quants.filter((quant) => !model.formats.some((format) => format.quant === quant));
  const size = bytes(lang, model.formats.reduce((sum, format) => sum + format.bytes, 0));
  const output = tunes?.find((job) => job.job_id === model.job_id)?.output_model;
  const make = (quant: Quant) => void convert.run({ model: model.model, quant });
  const busy = convert.running || takeOut.running;
  const more = [
    ...model.formats.map(({ quant }) => ({ key: `export-${quant}`, icon: <IconExport aria-hidden />, label: t('models.exportAs', { quant }), disabled: busy, onClick: () => takeOut.start(quant) })),
    ...(output ? [{ key: 'deploy', icon: <IconDeploy aria-hidden />, label: t('models.deploy'), onClick: () => go('models', 'deployments', output) }] : []),
    { type: 'divider' as const },
    { key: 'delete', icon: <IconDelete aria-hidden />, danger: true, label: t('act.delete'), disabled: busy, onClick: () => setAsking(true) },
  ];
  return <li className="panel card">
    <div className="card-head"><h2 className="break">{name}</h2><Tag color={model.origin === 'tuned' ? 'processing' : undefined}>{wordFor('models.origin', model.origin)}</Tag></div>
    <p className="soft card-facts">{model.origin !== 'base' && <>{t('models.from', { base: model.base_model })} · </>}{moment(lang, model.created_at)}</p>
    <div className="card-ids"><CopyText text={model.model} shown={short(model.model, 30)} what={t('col.id')} />{model.sha256 && <CopyText text={model.sha256} shown={t('models.hash', { hash: short(model.sha256, 8) })} what="SHA-256" code={false} />}</div>
    <ul className="formats" aria-label={t('models.formats')}>
      {model.formats.length === 0 && <li className="soft">{t('models.noFormat')}</li>}
      {model.formats.map((format) => <li key={format.quant}><b>{format.quant}</b><span className="soft">{t(`models.quant.${format.quant}`)}</span><span className="num">{bytes(lang, format.bytes)}</span></li>)}
    </ul>
    {convert.running && <TaskBar value={convert.event} title={t('models.convert')} cancelLabel={t('models.cancelConvert')} onCancel={convert.cancel} />}
    {takeOut.running && <TaskBar value={takeOut.event} title={t('models.exporting', { name })} onCancel={takeOut.cancel} />}
    {takeOut.done && <p role="status" className="good break">{t('models.exported', { name, dir: takeOut.done })}</p>}
    <Refusal error={convert.error ?? takeOut.error ?? remove.error} />
    <div className="card-acts">
      <Button type="primary" icon={<IconChat aria-hidden />} aria-label={`${t('models.tryIt')}: ${name}`} onClick={() => go('models', 'playground', model.model)}>{t('models.tryIt')}</Button>
      {missing.length > 0 && <Dropdown trigger={['click']} disabled={busy} menu={{ items: missing.map((quant) => ({ key: quant, label: <span className="cloud-item">{t('models.convertTo', { quant })}<small className="soft">{t(`models.quant.${quant}`)}</small></span>, onClick: () => make(quant) })) }}>
        <Button icon={<IconConvert aria-hidden />} aria-label={`${t('models.convert')}: ${name}`} aria-haspopup="menu">{t('models.convert')}</Button></Dropdown>}
      <Dropdown trigger={['click']} menu={{ items: more }} placement="bottomRight"><Button icon={<IconMore aria-hidden />} aria-label={`${t('act.more')}: ${name}`} aria-haspopup="menu" /></Dropdown>
    </div>
    {asking && <ConfirmDialog title={t('models.deleteTitle', { name })} yes={t('act.delete')} onClose={() => setAsking(false)} onYes={() => remove.mutate({ model: model.model })}
      text={<><p>{t('models.deleteText', { size })}</p>{model.origin === 'tuned' && <p>{t('models.deleteAgain')}</p>}{model.origin === 'imported' && <p className="bad">{t('models.deleteForever')}</p>}</>} />}
  </li>;
}

/** Asks for a folder, then exports into it. */
function useExport(model: string) {
  const host = useHost();
  const stream = useStream('model_export', { key: model });
  const [dir, setDir] = useState('');
  const [refused, setRefused] = useState<Error | null>(null);
  const start = async (quant: Quant) => {
    try {
      setRefused(null);
      const chosen = await host.pickFolder();
      if (!chosen) return;
      setDir(chosen);
      await stream.run({ model, dir: chosen, quant });
    } catch (error) { setRefused(error as Error); }
  };
  return { ...stream, error: stream.error ?? refused, done: stream.result !== null ? dir : '', start: (quant: Quant) => void start(quant) };
}
