/** @file Sums of exact decimals in text. Money never becomes a float on its way to a reader's eye. */

const digits = (text: string) => text.split('.')[1]?.length ?? 0;

function scaled(text: string, places: number): bigint {
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace(/^[-+]/, '').split('.');
  const value = BigInt(whole + fraction.padEnd(places, '0'));
  return negative ? -value : value;
}

/** The exact sum of decimal texts; the sum of none is `0`. */
export function sum(values: string[]): string {
  const places = Math.max(0, ...values.map(digits));
  const total = values.reduce((so, value) => so + scaled(value, places), 0n);
  const text = (total < 0n ? -total : total).toString().padStart(places + 1, '0');
  const whole = text.slice(0, text.length - places);
  const fraction = places ? `.${text.slice(-places)}` : '';
  return `${total < 0n ? '-' : ''}${whole}${fraction}`;
}

/** Orders two decimal texts as numbers. */
export function compare(a: string, b: string): number {
  const places = Math.max(digits(a), digits(b));
  const difference = scaled(a, places) - scaled(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
