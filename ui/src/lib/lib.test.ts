/** @file The small pure parts: what they promise at their edges. */
import { describe, expect, it } from 'vitest';
import { cell, csv } from './csv';
import { compare, sum } from './decimal';
import { difference } from './diff';
import { age, bytes, duration, exact, money, moneyShort, monthName } from './format';
import { route } from './look';
import { smooth } from './smooth';

describe('csv', () => {
  it('keeps a spreadsheet from running a cell, and leaves numbers alone', () => {
    for (const evil of ['=1+1', '+1', '-1+2', '@SUM(A1)', '\tx', '\r=x']) expect(cell(evil).replace(/^"/, '')).toMatch(/^'/);
    for (const plain of ['-0.5', '12', 'gemma-3', '']) expect(cell(plain)).toBe(plain);
  });
  it('quotes what RFC 4180 says, and marks the encoding', () => {
    expect(csv([['a,b', 'say "hi"', '行\n']])).toBe('\ufeff"a,b","say ""hi""","行\n"\r\n');
  });
});

describe('decimal', () => {
  it('adds what floats cannot', () => {
    expect(sum(['0.1', '0.2'])).toBe('0.3');
    expect(sum(['0.0054702', '0.006144', '-1'])).toBe('-0.9883858');
    expect(sum(['99999999999999999999.01', '0.99'])).toBe('100000000000000000000.00');
    expect(sum([])).toBe('0');
  });
  it('orders by value, not by text', () => { expect(['10', '9.5', '-3'].sort(compare)).toEqual(['-3', '9.5', '10']); });
});

describe('format', () => {
  it('shows every digit of an exact amount in both languages', () => {
    expect(money('zh-CN', { amount: '0.0000003', currency: 'CNY' })).toBe('¥0.0000003');
    expect(money('en', { amount: '12345678901234567890.10', currency: 'CNY' })).toBe('CN¥12,345,678,901,234,567,890.10');
  });
  it('shortens a headline without a float, and never to nothing', () => {
    expect(moneyShort('zh-CN', { amount: '5.96345', currency: 'CNY' })).toBe('¥5.9634');
    expect(moneyShort('zh-CN', { amount: '0.00000042', currency: 'CNY' })).toBe('¥0.00000042');
  });
  it('writes bytes, time and months as the reader does', () => {
    expect(bytes('en', 253_113_024)).toBe('253.1 MB');
    expect(duration('en', 45)).toBe('45 sec');
    expect(duration('zh-CN', 3900)).toBe('1小时 5分钟');
    expect(monthName('zh-CN', '2026-11')).toBe('2026年11月');
    expect(age('en', '2026-11-25T09:00:00Z', Date.parse('2026-11-25T11:00:00Z'))).toBe('2 hours ago');
    expect(exact('en', '1234567.000001')).toBe('1,234,567.000001');
  });
});

describe('smoothing', () => {
  it('starts at the first value and stays within the range', () => {
    const out = smooth([4, 2, 3, 1], 0.9);
    expect(out[0]).toBeCloseTo(4);
    expect(Math.min(...out)).toBeGreaterThanOrEqual(1);
  });
  it('is the identity at weight 0', () => { expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2]); });
});

describe('difference', () => {
  const marked = (a: string, b: string) => difference(a, b).filter((part) => part.differs).map((part) => part.text);
  it('marks words and single Han characters', () => {
    expect(marked('served from 6:30 to 10:15', 'served from 7:00 to 10:15')).toEqual(['6', '30']);
    expect(marked('早餐在二楼', '早餐在三楼')).toEqual(['二']);
    expect(marked('same', 'same')).toEqual([]);
  });
  it('loses no text', () => { expect(difference('a  b，c', 'b').map((part) => part.text).join('')).toBe('a  b，c'); });
});

describe('route', () => {
  it('reads escaped parts and survives broken ones', () => {
    expect(route('#/datasets/check/%2Fdata%2Fa%20b.jsonl')).toEqual({ page: 'datasets', rest: ['check', '/data/a b.jsonl'] });
    expect(route('#/models/%E0%A4%A')).toEqual({ page: 'models', rest: ['%E0%A4%A'] });
    expect(route('#/nowhere')).toEqual({ page: 'overview', rest: [] });
  });
});
