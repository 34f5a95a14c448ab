/** @file Importing a model: a GGUF file or a Hugging Face folder, with a name and an adapter if wanted. */
import { Button, Checkbox, Dropdown, Input, Modal } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { useHost, useStream } from '../../api/use';
import { IconAdd, IconDown, IconFile, IconFolder } from '../../components/icons';
import { Panel } from '../../components/page';
import { Refusal } from '../../components/state';
import { TaskBar } from '../../components/taskbar';
import { useWords } from '../../i18n/use';
import { isSend } from '../../lib/keys';
import { goInstead } from '../../lib/look';

const lastPart = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

export function Import({ order }: { order: string | undefined }) {
  const { t } = useWords();
  const host = useHost();
  const stream = useStream('model_import');
  const [path, setPath] = useState<string | null>(null);
  const [source, setSource] = useState('');
  const [refused, setRefused] = useState<Error | null>(null);
  const pick = useCallback((kind: 'file' | 'folder') => {
    setRefused(null);
    const picked = kind === 'file' ? host.pickFile([{ name: t('models.fileKind'), extensions: ['gguf'] }]) : host.pickFolder();
    void picked.then(setPath, setRefused);
  }, [host, t]);
  useEffect(() => {
    if (order !== 'file' && order !== 'folder') return;
    goInstead('models');
    pick(order);
  }, [order, pick]);
  const start = (details: Chosen) => { if (path) { setSource(path); void stream.run({ path, ...details }); } setPath(null); };
  return <>
    <div className="row end"><Dropdown trigger={['click']} disabled={stream.running} placement="bottomRight" menu={{ items: [
      { key: 'file', icon: <IconFile aria-hidden />, label: t('models.importFile'), onClick: () => pick('file') }, { key: 'folder', icon: <IconFolder aria-hidden />, label: t('models.importFolder'), onClick: () => pick('folder') }] }}>
      <Button icon={<IconAdd aria-hidden />} aria-haspopup="menu">{t('models.import')} <IconDown aria-hidden /></Button></Dropdown></div>
    {stream.running && <Panel><TaskBar value={stream.event} title={t('models.importing', { name: lastPart(source) })} onCancel={stream.cancel} /></Panel>}
    <Refusal error={refused ?? stream.error} onClose={stream.error ? stream.clear : () => setRefused(null)} />
    {path && <Details path={path} onStart={start} onClose={() => setPath(null)} />}
  </>;
}

type Chosen = { name: string | null; adapter: string | null; as_base: boolean };

function Details({ path, onStart, onClose }: { path: string; onStart: (details: Chosen) => void; onClose: () => void }) {
  const { t } = useWords();
  const host = useHost();
  const [name, setName] = useState('');
  const [adapter, setAdapter] = useState<string | null>(null);
  const [base, setBase] = useState(false);
  // A base model is taken in alone.
  const start = () => onStart({ name: name.trim() || null, adapter: base ? null : adapter, as_base: base });
  return <Modal open centered width={520} title={t('models.importTitle', { name: lastPart(path) })} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" onClick={start}>{t('models.start')}</Button></>}>
    <div className="stack"><code className="break soft">{path}</code>
      <label className="field"><span>{t('models.importName')}</span><Input autoFocus maxLength={64} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={(event) => { if (isSend(event)) start(); }} /></label>
      <Checkbox checked={base} onChange={(event) => setBase(event.target.checked)}>{t('models.asBase')}</Checkbox>
      {!base && <div className="field"><span>{t('models.adapter')}</span><div className="row">{adapter && <code className="break">{adapter}</code>}<Button size="small" icon={<IconFolder aria-hidden />} onClick={() => void host.pickFolder().then((dir) => dir && setAdapter(dir), () => undefined)}>{t('models.chooseAdapter')}</Button></div>
        <small className="soft">{t('models.adapterText')}</small></div>}</div>
  </Modal>;
}
