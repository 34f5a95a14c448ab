/** @file What is about to start: model, rows, tokens, price and time as ranges with their reasons. */
import { Skeleton } from 'antd';
import type { CatalogRow, Money, TuneEstimate } from '../../api/generated/types';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';
import { duration, money, number } from '../../lib/format';

type Asked = { data?: TuneEstimate; error: Error | null; isFetching: boolean; refetch: () => unknown };

export function Summary({ base, count, epochs, estimate }: { base: CatalogRow | undefined; count: number; epochs: number; estimate: Asked }) {
  const { t, lang } = useWords();
  const range = (low: string, high: string) => (low === high ? low : t('tunes.range', { low, high }));
  const prices = (low: Money, high: Money) => range(money(lang, low), money(lang, high));
  const guess = count > 0 && base ? estimate.data : undefined;
  const line = (name: string, value: React.ReactNode, strong = false) => <div className={strong ? 'strong' : ''}><dt>{name}</dt><dd>{value}</dd></div>;
  return <div className="stack" aria-live="polite" aria-busy={estimate.isFetching}>
    <dl className="summary">
      {line(t('tunes.model'), base?.name ?? t('tunes.none'))}
      {line(t('tunes.data'), count ? t('tunes.chosen', { count }) : t('tunes.none'))}
      {line(t('tunes.hyper.n_epochs'), number(lang, epochs))}
      {guess && <>
        {line(t('tunes.rows'), number(lang, guess.rows))}
        {line(t('tunes.tokensEpoch'), range(number(lang, guess.tokens_low), number(lang, guess.tokens_high)))}
        {line(t('tunes.tokensAll'), range(number(lang, guess.tokens_low * epochs), number(lang, guess.tokens_high * epochs)))}
        {line(t('tunes.price'), prices(guess.cost_low, guess.cost_high), true)}
        {line(t('tunes.time'), guess.seconds_low === null || guess.seconds_high === null ? t('tunes.unknown') : range(duration(lang, guess.seconds_low), duration(lang, guess.seconds_high)), true)}
      </>}
    </dl>
    <Refusal error={count > 0 ? estimate.error : null} onRetry={() => void estimate.refetch()} />
    {!guess && (estimate.isFetching ? <Skeleton active title={false} paragraph={{ rows: 3 }} /> : !estimate.error && <p className="soft">{t('tunes.estimateWait')}</p>)}
    {guess && guess.reasons.length > 0 && <details className="reasons"><summary>{t('tunes.why')}</summary><ul>{guess.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul></details>}
  </div>;
}
