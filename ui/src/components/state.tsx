/** @file What stands in for content: a refusal with its code, a skeleton, an empty state that says what to do. */
import { Alert, Button, Empty, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { HostError } from '../api/host';
import { useWords } from '../i18n/use';

/** A refusal is a sentence, its code, and a way to try again where trying again can help. */
export function Refusal({ error, onRetry, onClose }: { error: Error | null | undefined; onRetry?: () => void; onClose?: () => void }) {
  const { t } = useWords();
  if (!error) return null;
  const known = error instanceof HostError ? error : null;
  const again = onRetry && (known === null || known.retryable);
  return <Alert type="error" showIcon role="alert" className="refusal" closable={onClose ? { onClose, 'aria-label': t('act.dismiss') } : false}
    title={error.message}
    description={known && <div className="refusal-more"><code>{t('error.code', { code: known.code })}</code>
      {known.detail && <details><summary>{t('error.details')}</summary><pre className="detail">{known.detail}</pre></details>}</div>}
    action={again && <Button size="small" onClick={onRetry}>{t('act.retry')}</Button>} />;
}

export function Nothing({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  return <Empty className="nothing" image={Empty.PRESENTED_IMAGE_SIMPLE} description={<><strong className="nothing-title">{title}</strong>{text && <span className="soft">{text}</span>}</>}>{children}</Empty>;
}

type Asked<T> = { data?: T; error: Error | null; isPending: boolean; refetch: () => unknown };

/** Shows a query's answer, or why there is none yet. An old answer stays in view when asking again fails. */
export function Answer<T>({ query, empty, rows = 4, children }: { query: Asked<T>; empty?: ReactNode; rows?: number; children: (data: T) => ReactNode }) {
  const { t } = useWords();
  const { data } = query;
  return <>
    <Refusal error={query.error} onRetry={() => void query.refetch()} />
    {data === undefined ? query.isPending && <div role="status" aria-label={t('progress.working')}><Skeleton active title={false} paragraph={{ rows }} /></div>
      : empty && Array.isArray(data) && data.length === 0 ? empty : children(data)}
  </>;
}
