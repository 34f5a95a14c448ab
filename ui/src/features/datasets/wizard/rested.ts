/** @file A value that waits until its writer rests. */
import { useEffect, useState } from 'react';

/** The value as it was when it last rested for `ms`. */
export function useRested<T>(value: T, ms = 350): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
