/** @file What an upload may take of the line, and when. A choice holds for the next upload. */
import { Button, Input, InputNumber } from 'antd';
import { useState } from 'react';
import type { Settings } from '../../api/generated/types';
import { useWords } from '../../i18n/use';

const KILO = 1000;

export function Uploads({ stored, onSet }: { stored: Settings; onSet: (part: Partial<Settings>) => void }) {
  const { t } = useWords();
  const [rate, setRate] = useState<number | null>(stored.upload_bytes_per_second / KILO || null);
  const [from, to] = stored.upload_hours.split('-');
  const [hours, setHours] = useState({ from: from ?? '', to: to ?? '' });
  const keepRate = () => { const next = (rate ?? 0) * KILO; if (next !== stored.upload_bytes_per_second) onSet({ upload_bytes_per_second: next }); };
  const keep = (next: typeof hours) => {
    setHours(next);
    // Half an answer is none yet.
    if (Boolean(next.from) === Boolean(next.to)) onSet({ upload_hours: next.from ? `${next.from}-${next.to}` : '' });
  };
  return <>
    <div className="setting"><div><b id="upload-rate">{t('settings.uploadRate')}</b><span className="soft">{t('settings.uploadRateText')}</span></div>
      <InputNumber min={0} max={10_000_000} step={100} precision={0} value={rate} placeholder={t('settings.unlimited')} suffix="KB/s" aria-labelledby="upload-rate" className="setting-figure"
        onChange={setRate} onBlur={keepRate} onPressEnter={keepRate} /></div>
    <div className="setting"><div><b>{t('settings.uploadHours')}</b><span className="soft">{t('settings.uploadHoursText')}</span></div>
      <div className="row"><Input type="time" value={hours.from} aria-label={t('settings.uploadFrom')} className="setting-time" onChange={(event) => keep({ ...hours, from: event.target.value })} />
        <span aria-hidden>–</span><Input type="time" value={hours.to} aria-label={t('settings.uploadTo')} className="setting-time" onChange={(event) => keep({ ...hours, to: event.target.value })} />
        <Button size="small" disabled={!hours.from && !hours.to} onClick={() => keep({ from: '', to: '' })}>{t('settings.anyTime')}</Button></div></div>
  </>;
}
