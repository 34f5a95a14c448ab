/** @file The task centre: everything long that is under way on this computer, each with its bar and its cancel. */
import { Badge, Button, Drawer } from 'antd';
import { useCall, useChange } from '../api/use';
import { IconTasks } from '../components/icons';
import { Nothing, Refusal } from '../components/state';
import { TaskBar } from '../components/taskbar';
import { useWords, wordFor } from '../i18n/use';
import { useOverlays } from '../lib/look';

export function Tasks() {
  const { t } = useWords();
  const open = useOverlays((overlays) => overlays.tasks);
  const tasks = useCall('task_list', {}, { every: open ? 1000 : 2500 });
  const cancel = useChange('task_cancel');
  const list = tasks.data ?? [];
  return <>
    <Button type="text" block className="side-button" icon={<Badge dot={list.length > 0} status="processing"><IconTasks aria-hidden /></Badge>} onClick={() => useOverlays.setState({ tasks: true })}>
      {list.length ? t('app.runningTasks', { count: list.length }) : t('app.tasks')}</Button>
    <Drawer open={open} title={t('app.tasks')} size={400} onClose={() => useOverlays.setState({ tasks: false })}>
      <div className="stack">
        <Refusal error={tasks.error ?? cancel.error} onRetry={() => void tasks.refetch()} />
        {list.length === 0 && <Nothing title={t('app.noTasks')} text={t('app.noTasksText')} />}
        {list.map((task) => {
          const name = task.subject ? `${wordFor('task', task.command)} · ${task.subject}` : wordFor('task', task.command);
          return <div key={task.id} className="task"><TaskBar value={task.progress} title={name} cancelLabel={t('app.cancelTask', { name })} onCancel={() => cancel.mutate({ id: task.id })} /></div>;
        })}
      </div>
    </Drawer>
  </>;
}
