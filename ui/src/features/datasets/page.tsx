/** @file Datasets: the landing page, and the ways to its other pages, each of which is fetched when first opened. */
import { lazy } from 'react';
import { useRoute } from '../../lib/look';
import { Landing } from './landing';

const Detail = lazy(() => import('./detail').then(({ Detail: shown }) => ({ default: shown })));
const Drafts = lazy(() => import('./drafts/drafts').then(({ Drafts: shown }) => ({ default: shown })));
const Wizard = lazy(() => import('./wizard/wizard'));

/** Addresses that begin or continue a draft of the wizard; any other first part is a local data set's id. */
const orders = ['new', 'sample', 'choose', 'check'] as const;

export default function Datasets() {
  const { rest: [first, second, third] } = useRoute();
  const order = orders.find((one) => one === first);
  if (first === 'drafts') return <Drafts />;
  if (order) return <Wizard order={order} rest={second} />;
  if (first && second === 'upload') return <Wizard order="upload" rest={first} />;
  if (first) return <Detail key={first} dataset={first} version={second} line={third} />;
  return <Landing />;
}
