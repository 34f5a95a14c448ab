/** @file The first rows as the conversations they are. */
import type { SampleRow } from '../../api/generated/types';
import { useWords, wordFor } from '../../i18n/use';
import { number } from '../../lib/format';

export function Preview({ rows }: { rows: SampleRow[] }) {
  const { t, lang } = useWords();
  return <div className="preview" tabIndex={0} role="region" aria-label={t('datasets.preview')}>
    {rows.map((row) => <article key={row.line} className="conversation" aria-label={t('datasets.lineNo', { line: number(lang, row.line) })}>
      <span className="conversation-line soft">{t('datasets.lineNo', { line: number(lang, row.line) })}</span>
      {row.messages.map((message, index) => <div key={index} className={`bubble bubble-${message.role}`}><span className="bubble-role">{wordFor('datasets.role', message.role)}</span><p>{message.content}</p></div>)}
    </article>)}
  </div>;
}
