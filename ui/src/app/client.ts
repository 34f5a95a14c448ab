/** @file The store of answers. */
import { QueryClient } from '@tanstack/react-query';

/** Answers are kept for the whole session: a page that was seen once is never blank again. Loopback needs no "online". */
export const freshClient = () => new QueryClient({ defaultOptions: { queries: { gcTime: Infinity, networkMode: 'always', refetchOnWindowFocus: false }, mutations: { networkMode: 'always' } } });
