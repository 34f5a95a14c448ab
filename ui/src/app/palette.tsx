/** @file The command palette: type, arrow, Enter. A combobox over a list, as screen readers know it. */
import { Input, Modal } from 'antd';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { IconSearch } from '../components/icons';
import { useWords } from '../i18n/use';
import { isSend } from '../lib/keys';
import { useOverlays } from '../lib/look';
import { useCommands, type Command } from './commands';

const close = () => useOverlays.setState({ palette: false });

/** Every word typed must occur, in any order. */
const matches = (command: Command, text: string) => text.toLowerCase().split(/\s+/).every((word) => command.words.toLowerCase().includes(word));

function Finder() {
  const { t } = useWords();
  const commands = useCommands();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const found = commands.filter((command) => matches(command, text));
  const chosen = Math.min(at, Math.max(0, found.length - 1));
  const run = (command: Command | undefined) => { if (command) { close(); command.run(); } };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && found.length) { event.preventDefault(); setAt((chosen + move + found.length) % found.length); }
    if (isSend(event)) { event.preventDefault(); run(found[chosen]); }
  };
  useEffect(() => { list.current?.children[chosen]?.scrollIntoView?.({ block: 'nearest' }); }, [chosen]);
  return <div className="palette">
    <Input autoFocus size="large" variant="borderless" prefix={<IconSearch aria-hidden />} placeholder={t('app.paletteHint')} value={text}
      role="combobox" aria-label={t('app.palette')} aria-expanded aria-controls="palette-list" aria-activedescendant={found[chosen] ? `palette-${found[chosen].key}` : undefined}
      onChange={(event) => { setText(event.target.value); setAt(0); }} onKeyDown={onKeyDown} />
    {found.length === 0 ? <p role="status" className="soft palette-none">{t('app.paletteEmpty', { text })}</p>
      : <ul ref={list} id="palette-list" role="listbox" aria-label={t('app.palette')} className="palette-list">
        {found.map((command, index) => <li key={command.key} id={`palette-${command.key}`} role="option" aria-selected={index === chosen} onMouseMove={() => setAt(index)} onClick={() => run(command)}>
          <span aria-hidden className="palette-icon">{command.icon}</span>{command.words}</li>)}
      </ul>}
  </div>;
}

export function Palette() {
  const { t } = useWords();
  const open = useOverlays((overlays) => overlays.palette);
  return <Modal open={open} closable={false} footer={null} width={560} destroyOnHidden className="palette-modal" title={<span className="unseen">{t('app.palette')}</span>} onCancel={close} style={{ top: 72 }}><Finder /></Modal>;
}
