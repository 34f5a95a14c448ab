/** @file Numbers, dates, money and bytes in the reader's language. No arithmetic on money. */
import type { Money } from '../api/generated/types';

export const number = (lang: string, value: number, digits = 0) =>
  new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

/** Bytes in decimal units, as disks are sold. */
export function bytes(lang: string, value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return new Intl.NumberFormat(lang, { style: 'unit', unit: units[power], unitDisplay: power ? 'short' : 'long', maximumFractionDigits: power ? 1 : 0 }).format(value / 1000 ** power);
}

/** An exact decimal string with all its digits; Intl takes the string, so no float comes between. */
export function money(lang: string, value: Money): string {
  const fraction = value.amount.split('.')[1]?.replace(/0+$/, '').length ?? 0;
  const format = new Intl.NumberFormat(lang, { style: 'currency', currency: value.currency, minimumFractionDigits: 2, maximumFractionDigits: Math.min(20, Math.max(2, fraction)) });
  return format.format(value.amount as unknown as number);
}

/** A headline's amount: at most four digits after the point, rounded half-even from the exact text; smaller ones in full. */
export function moneyShort(lang: string, value: Money): string {
  if (/^-?0?\.0000/.test(value.amount)) return money(lang, value);
  const format = new Intl.NumberFormat(lang, { style: 'currency', currency: value.currency, minimumFractionDigits: 2, maximumFractionDigits: 4, roundingMode: 'halfEven' } as Intl.NumberFormatOptions);
  return format.format(value.amount as unknown as number);
}

export const moment = (lang: string, iso: string) => {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
};

/** "3 minutes ago". */
export function age(lang: string, iso: string, now = Date.now()): string {
  const seconds = Math.min(0, Math.round((new Date(iso).getTime() - now) / 1000));
  const format = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  if (seconds > -60) return format.format(0, 'minute');
  if (seconds > -3600) return format.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86400) return format.format(Math.round(seconds / 3600), 'hour');
  return format.format(Math.round(seconds / 86400), 'day');
}

export function duration(lang: string, seconds: number): string {
  const unit = (value: number, name: string) => new Intl.NumberFormat(lang, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 }).format(value);
  if (seconds < 60) return unit(Math.ceil(seconds), 'second');
  if (seconds < 3600) return unit(Math.round(seconds / 60), 'minute');
  return `${unit(Math.floor(seconds / 3600), 'hour')} ${unit(Math.round((seconds % 3600) / 60), 'minute')}`;
}

/** A figure and its unit's word, with the digits that a rate deserves. */
export const rate = (lang: string, value: number) => number(lang, value, value < 10 ? 1 : 0);

export const percent = (lang: string, share: number) => new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 0 }).format(share);

/** `2026-11` as the reader writes a month. */
export function monthName(lang: string, month: string): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? month : new Intl.DateTimeFormat(lang, { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(date);
}

/** `2026-11-25` as the reader writes a day. */
export function day(lang: string, date: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? date : new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeZone: 'UTC' }).format(at);
}

/** An exact decimal in text, grouped for reading; all its digits stay. */
export const exact = (lang: string, value: string) => new Intl.NumberFormat(lang, { maximumFractionDigits: 20 }).format(value as unknown as number);

/** The first characters of an id or hash that is too long for a cell. */
export const short = (text: string, length = 12) => (text.length > length ? `${text.slice(0, length)}…` : text);
