/** @file A button that names what will be lost before it does it. */
import { Button, Modal, type ButtonProps } from 'antd';
import { useState, type ReactNode } from 'react';
import { useWords } from '../i18n/use';
import { IconWarn } from './icons';

type Asking = { title: string; text: ReactNode; yes: string; no?: string; onYes: () => void; onClose: () => void };

/** The question itself, for callers that have their own opener, such as a menu. */
export function ConfirmDialog({ title, text, yes, no, onYes, onClose }: Asking) {
  const { t } = useWords();
  return <Modal open centered width={460} onCancel={onClose} title={<span className="confirm-title"><IconWarn aria-hidden /> {title}</span>}
    footer={<><Button autoFocus onClick={onClose}>{no ?? t('act.keep')}</Button><Button danger type="primary" onClick={() => { onClose(); onYes(); }}>{yes}</Button></>}>
    <div className="confirm-text">{text}</div>
  </Modal>;
}

export function Confirmed({ label, title, text, no, onYes, ...button }: Omit<ButtonProps, 'title'> & { label: string; title: string; text: ReactNode; no?: string; onYes: () => void }) {
  const [asking, setAsking] = useState(false);
  return <>
    <Button danger {...button} aria-label={button['aria-label'] ?? label} onClick={() => setAsking(true)}>{button.icon && button.type === 'text' ? null : label}</Button>
    {asking && <ConfirmDialog title={title} text={text} yes={label} no={no} onYes={onYes} onClose={() => setAsking(false)} />}
  </>;
}
