/** @file What jsdom lacks and antd needs, and a clean slate after each test. */
import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

Object.defineProperty(window, 'matchMedia', { value: (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined, addListener: () => undefined, removeListener: () => undefined, dispatchEvent: () => false }) });
globalThis.ResizeObserver = class { observe() { /* Sizes never change in jsdom. */ } unobserve() { /* As above. */ } disconnect() { /* As above. */ } };
const ownStyle = window.getComputedStyle.bind(window);
window.getComputedStyle = (element) => ownStyle(element); // jsdom has no styles of pseudo-elements and says so at length.
HTMLCanvasElement.prototype.getContext = () => null; // axe asks for one and does without.
// A list that draws what is in view needs a view.
Object.defineProperty(HTMLElement.prototype, 'offsetHeight', { get(this: HTMLElement) { return this.tagName === 'LI' ? 58 : 320; } });
Object.defineProperty(HTMLElement.prototype, 'clientHeight', { get: () => 320 });
Object.defineProperty(HTMLElement.prototype, 'offsetWidth', { get: () => 800 });
vi.mock('../components/chart', () => ({ default: ({ label }: { label: string }) => <div role="img" aria-label={label} /> }));

afterEach(() => { cleanup(); location.hash = ''; });
