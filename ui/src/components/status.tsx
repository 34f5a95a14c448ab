/** @file A state as a word with colour and icon, so that colour never speaks alone. */
import { Tag } from 'antd';
import { wordFor } from '../i18n/use';
import { IconBad, IconGood, IconMinus, IconStop, IconSync, IconWait } from './icons';

const looks: Record<string, { color: string; icon: React.ReactNode }> = {
  PENDING: { color: 'default', icon: <IconWait /> }, QUEUING: { color: 'default', icon: <IconWait /> },
  RUNNING: { color: 'processing', icon: <IconSync spin /> }, CANCELING: { color: 'warning', icon: <IconSync spin /> },
  SUCCEEDED: { color: 'success', icon: <IconGood /> }, FAILED: { color: 'error', icon: <IconBad /> }, CANCELED: { color: 'default', icon: <IconMinus /> },
  UPDATING: { color: 'processing', icon: <IconSync spin /> }, STOPPED: { color: 'default', icon: <IconStop /> }, DELETING: { color: 'warning', icon: <IconSync spin /> },
};

/** `settled` draws RUNNING as good and at rest: a deployment that runs is not under way, it is there. */
export function Status({ name, settled }: { name: string; settled?: boolean }) {
  const look = settled && name === 'RUNNING' ? looks.SUCCEEDED : looks[name];
  return <Tag className="status" color={look?.color} icon={look?.icon}>{wordFor('status', name)}</Tag>;
}
