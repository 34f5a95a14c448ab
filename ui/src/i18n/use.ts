/** @file The reader's language and translator at once, and words for names that come from outside. */
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import { age } from '../lib/format';

export function useWords() {
  const { t, i18n } = useTranslation();
  return { t, lang: i18n.language };
}

/** How old the bills are, as a sentence. */
export function useSynced(): (iso: string | null | undefined) => string {
  const { t, lang } = useWords();
  return (iso) => {
    if (!iso) return t('app.neverSynced');
    return Date.now() - Date.parse(iso) < 60_000 ? t('app.justSynced') : t('app.synced', { age: age(lang, iso) });
  };
}

/** The word for a name that Rust or a cloud sent, below `prefix`; a name we have no word for stands for itself. */
export function wordFor(prefix: 'progress.stage' | 'task' | 'status' | 'usage' | 'usage.item' | 'settings.place' | 'models.origin' | 'datasets.role' | 'tunes.schedule', name: string): string {
  const key = `${prefix}.${name}`;
  return i18next.exists(key) ? i18next.t(key as 'nav.overview') : name;
}
