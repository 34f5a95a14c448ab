/** @file Starts i18next with both languages; keys are typed by the English words. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en';
import { zh } from './zh';

declare module 'i18next' {
  interface CustomTypeOptions { resources: { translation: typeof en } }
}
export type Lang = 'zh-CN' | 'en';
/** The language we speak for a locale. */
export const langOf = (locale: string): Lang => (locale.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en');

void i18next.use(initReactI18next).init({
  lng: langOf(navigator.language), fallbackLng: 'en', interpolation: { escapeValue: false },
  resources: { en: { translation: en }, 'zh-CN': { translation: zh } },
});
export default i18next;
