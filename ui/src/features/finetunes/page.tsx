/** @file Fine-tunes: which of list, launch and detail the route shows. */
import { useRoute } from '../../lib/look';
import { Detail } from './detail';
import { Launch } from './launch';
import { List } from './list';

export default function FineTunes() {
  const { rest: [id, tab] } = useRoute();
  if (id === 'new') return <Launch />;
  return id ? <Detail key={id} id={id} tab={tab} /> : <List />;
}
