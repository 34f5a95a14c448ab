/** @file The reader's language and translator at once, and words for names that come from outside. */
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';

export function useWords() {
  const { t, i18n } = useTranslation();
  return { t, lang: i18n.language };
}

/** The word for a name that Rust or a cloud sent, below `prefix`; a name we have no word for stands for itself. */
export function wordFor(prefix: 'progress.stage' | 'task' | 'status' | 'usage' | 'usage.item' | 'settings.place' | 'models.origin' | 'datasets.role' | 'tunes.schedule', name: string): string {
  const key = `${prefix}.${name}`;
  return i18next.exists(key) ? i18next.t(key as 'nav.overview') : name;
}
