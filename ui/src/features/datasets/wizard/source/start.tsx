/** @file The beginning of a draft: drop, pick a file or folder, the sample, or what an order in the address names. */
import { Button } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { useCall, useHost } from '../../../../api/use';
import { IconDatasets, IconFile, IconFolder, IconInbox } from '../../../../components/icons';
import { Refusal } from '../../../../components/state';
import { useWords } from '../../../../i18n/use';
import { goInstead, useOverlays } from '../../../../lib/look';
import { nameOf, useBegin } from '../draft';

type Props = { order: 'new' | 'sample' | 'choose' | 'check'; path: string | undefined };

/** A name for a data set, from that of its source. */
export const nameFor = (path: string) => nameOf(path).replace(/\.[A-Za-z0-9]{1,8}$/, '') || nameOf(path);

export function Start({ order, path }: Props) {
  const { t } = useWords();
  const host = useHost();
  const begin = useBegin();
  const over = useOverlays((overlays) => overlays.dropping);
  const [refused, setRefused] = useState<Error | null>(null);
  const { refetch: fetchSample } = useCall('dataset_sample', {}, { enabled: false });
  const open = useCallback((file: string | null) => { if (file) goInstead('datasets', 'new', begin({ path: file, name: nameFor(file) })); }, [begin]);
  const pickFile = useCallback(() => { setRefused(null); void host.pickFile([{ name: t('wizard.fileKinds'), extensions: ['jsonl', 'json', 'csv', 'tsv', 'txt', 'md', 'xlsx', 'xls', 'parquet', 'zip', 'html', 'pdf', 'docx'] }]).then(open, setRefused); }, [host, open, t]);
  const pickFolder = () => { setRefused(null); void host.pickFolder().then(open, setRefused); };
  const sample = useCallback(async () => {
    const answer = await fetchSample();
    setRefused(answer.error);
    open(answer.data?.path ?? null);
  }, [fetchSample, open]);
  useEffect(() => {
    if (order === 'check') { if (path) open(path); else goInstead('datasets', 'new'); }
    if (order === 'sample') void sample();
    if (order === 'choose') { goInstead('datasets', 'new'); pickFile(); }
  }, [order, path, open, sample, pickFile]);
  return <>
    <Refusal error={refused} onRetry={order === 'sample' ? () => void sample() : undefined} />
    <section className={`panel drop tall ${over ? 'over' : ''}`} aria-label={t('wizard.source')}>
      <span className="drop-icon" aria-hidden><IconInbox /></span>
      <div className="drop-text"><b>{t('wizard.drop')}</b><span className="soft">{t('wizard.dropText')}</span></div>
      <div className="row"><Button type="primary" icon={<IconFile aria-hidden />} onClick={pickFile}>{t('datasets.choose')}</Button>
        <Button icon={<IconFolder aria-hidden />} onClick={pickFolder}>{t('wizard.chooseFolder')}</Button>
        <Button icon={<IconDatasets aria-hidden />} onClick={() => goInstead('datasets', 'new', begin({ database: { id: '', sql: '' } }))}>{t('wizard.fromDatabase')}</Button>
        <Button onClick={() => void sample()}>{t('datasets.sample')}</Button></div>
      <p className="soft small">{t('wizard.formats')}</p>
    </section>
  </>;
}
