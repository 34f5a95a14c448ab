/** @file A text to take along: shown in full or shortened, copied in full. */
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useHost } from '../api/use';
import { useWords } from '../i18n/use';
import { IconCheck, IconCopy } from './icons';

export function CopyText({ text, what, shown, code = true }: { text: string; what: string; shown?: string; code?: boolean }) {
  const { t } = useWords();
  const host = useHost();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void host.copy(text).then(() => setCopied(true), () => undefined);
  return <span className="copy" title={shown ? text : undefined}>{code ? <code>{shown ?? text}</code> : <span>{shown ?? text}</span>}
    <Button type="text" size="small" className="copy-button" icon={copied ? <IconCheck /> : <IconCopy />} aria-label={t('act.copyOf', { what })} onClick={copy} />
    <span role="status" className="unseen">{copied ? t('act.copied') : ''}</span></span>;
}
