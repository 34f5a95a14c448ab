/** @file One row as the conversation it is; of a pair of answers, both. */
import { Tag } from 'antd';
import type { SampleMessage } from '../../../api/generated/types';
import { useWords, wordFor } from '../../../i18n/use';

type Props = { label: string; messages: readonly SampleMessage[]; rejected?: string | null; remark?: string | null };

export function Conversation({ label, messages, rejected, remark }: Props) {
  const { t } = useWords();
  return <article className="conversation" aria-label={label}>
    <span className="conversation-line soft">{label}</span>
    {messages.map((message, index) => <div key={index} className={`bubble bubble-${message.role}`}>
      <span className="bubble-role">{message.role ? wordFor('datasets.role', message.role) : t('datasets.plainText')}{rejected != null && index === messages.length - 1 && <> · {t('datasets.preferred')}</>}</span><p>{message.content}</p></div>)}
    {rejected != null && <div className="bubble bubble-rejected"><span className="bubble-role">{t('datasets.role.assistant')} · {t('datasets.notPreferred')}</span><p>{rejected}</p></div>}
    {remark && <Tag className="conversation-remark">{remark}</Tag>}
  </article>;
}
