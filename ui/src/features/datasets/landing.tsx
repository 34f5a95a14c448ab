/** @file What there is: drafts to continue, local data sets, uploads that were broken off, data sets on the cloud. */
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { useStream } from '../../api/use';
import type { UploadRow } from '../../api/generated/types';
import { IconAdd, IconChat, IconDatasets } from '../../components/icons';
import { PageHead, Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { go } from '../../lib/look';
import { Begun } from './begun';
import { Local } from './local';
import { OnCloud } from './table';
import { Unfinished } from './unfinished';

export function Landing() {
  const { t } = useWords();
  const upload = useStream('dataset_upload');
  const [row, setRow] = useState<UploadRow | null>(null);
  const goOn = (next: UploadRow) => { setRow(next); void upload.run({ path: next.path, description: next.description, kind: next.kind }); };
  return <>
    <PageHead title={t('nav.datasets')} lead={t('lead.datasets')}>
      <Button icon={<IconDatasets aria-hidden />} onClick={() => go('datasets', 'sample')}>{t('datasets.sample')}</Button>
      <Button icon={<IconChat aria-hidden />} onClick={() => go('datasets', 'drafts')}>{t('datasets.byModel')}</Button>
      <Button type="primary" icon={<IconAdd aria-hidden />} onClick={() => go('datasets', 'new')}>{t('datasets.add')}</Button>
    </PageHead>
    {upload.result && <Alert type="success" showIcon role="status" title={t('datasets.uploaded', { name: upload.result.name })} action={<Button size="small" type="primary" onClick={() => go('finetunes', 'new')}>{t('datasets.launch')}</Button>} />}
    {upload.running && <Panel><TaskBar value={upload.event} title={row?.name} onCancel={upload.cancel} /></Panel>}
    <Refusal error={upload.error} onRetry={row ? () => goOn(row) : undefined} onClose={upload.clear} />
    <Begun />
    <Local />
    <Unfinished busy={upload.running} onContinue={goOn} />
    <OnCloud />
  </>;
}
