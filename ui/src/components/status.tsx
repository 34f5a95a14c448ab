/** @file A state as a word with colour and icon, so that colour never speaks alone. */
import { Tag } from 'antd';
import { wordFor } from '../i18n/use';
import { IconBad, IconGood, IconMinus, IconStop, IconSync, IconWait } from './icons';

const looks: Record<string, { color: string; icon: React.ReactNode }> = {
  PENDING: { color: 'default', icon: <IconWait aria-hidden /> }, QUEUING: { color: 'default', icon: <IconWait aria-hidden /> },
  RUNNING: { color: 'processing', icon: <IconSync spin aria-hidden /> }, CANCELING: { color: 'warning', icon: <IconSync spin aria-hidden /> },
  SUCCEEDED: { color: 'success', icon: <IconGood aria-hidden /> }, FAILED: { color: 'error', icon: <IconBad aria-hidden /> }, CANCELED: { color: 'default', icon: <IconMinus aria-hidden /> },
  UPDATING: { color: 'processing', icon: <IconSync spin aria-hidden /> }, STOPPED: { color: 'default', icon: <IconStop aria-hidden /> }, DELETING: { color: 'warning', icon: <IconSync spin aria-hidden /> },
};

/** `settled` draws RUNNING as good and at rest: a deployment that runs is not under way, it is there. */
export function Status({ name, settled }: { name: string; settled?: boolean }) {
  const look = settled && name === 'RUNNING' ? looks.SUCCEEDED : looks[name];
  return <Tag className="status" color={look?.color} icon={look?.icon}>{wordFor('status', name)}</Tag>;
}
