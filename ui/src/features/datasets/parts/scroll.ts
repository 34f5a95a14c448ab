/** @file Scrolling through rows of one height whose sum no browser could lay out: Firefox ends an element at 17.9 million pixels,
 * WebKit and Chromium at 33.5. Above `CAP` the bar is to scale and the wheel moves by the rows' own pixels, not by the bar's.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';

const CAP = 8_000_000;

export type Scroll = {
  /** Height of the element that gives the bar its length. */
  length: number;
  /** Of what is seen. */
  view: number;
  first: number; last: number;
  /** Where row `n` is drawn within the view. */
  place: (n: number) => number;
  onScroll: () => void;
  /** Scrolls as little as it takes to have all of row `n` in view. */
  show: (n: number) => void;
};

export function useScroll(box: RefObject<HTMLDivElement | null>, count: number, height: number): Scroll {
  const [view, setView] = useState(320);
  const [top, setTop] = useState(0);
  /** The truth between two renderings, and what the bar was last set to, to tell our own move from the reader's. */
  const now = useRef({ top: 0, bar: 0 });
  const full = count * height;
  const length = Math.min(full, CAP);
  const room = Math.max(0, full - view);
  const scale = length > view ? room / (length - view) : 1;
  const moveTo = useCallback((wanted: number) => {
    const next = Math.min(Math.max(0, wanted), room);
    if (box.current) box.current.scrollTop = next / scale;
    now.current = { top: next, bar: box.current?.scrollTop ?? 0 };
    setTop(next);
  }, [box, room, scale]);
  const onScroll = () => {
    const bar = box.current?.scrollTop ?? 0;
    if (Math.abs(bar - now.current.bar) < 1) return;
    now.current = { top: Math.min(room, bar * scale), bar };
    setTop(now.current.top);
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setView(element.clientHeight || 320);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [box]);
  useEffect(() => {
    const element = box.current;
    if (!element || scale === 1) return;
    const wheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.deltaY === 0) return;
      const next = now.current.top + event.deltaY * (event.deltaMode === 1 ? height : event.deltaMode === 2 ? view : 1);
      if (next === Math.min(Math.max(0, next), room) || (now.current.top > 0 && now.current.top < room)) event.preventDefault();
      moveTo(next);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [box, scale, height, view, room, moveTo]);
  const at = Math.min(top, room);
  return {
    length, view, first: Math.floor(at / height), last: Math.min(count - 1, Math.floor((at + view - 1) / height)),
    place: (n) => n * height - at, onScroll,
    show: (n) => {
      const from = n * height;
      if (from < now.current.top) moveTo(from);
      else if (from + height > now.current.top + view) moveTo(from + height - view);
    },
  };
}
