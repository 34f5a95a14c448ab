/** @file What the command palette can do: go anywhere, start anything, change cloud, language and theme. */
import type { ReactNode } from 'react';
import { useCall, useChange } from '../api/use';
import { IconAdd, IconChat, IconCloud, IconDatasets, IconDelete, IconDeploy, IconFile, IconFolder, IconLanguage, IconModels, IconOverview, IconSettings, IconSun, IconSync, IconTasks, IconTunes, IconUsage } from '../components/icons';
import { useWords } from '../i18n/use';
import { go, pages, useOverlays, type Page } from '../lib/look';

export type Command = { key: string; words: string; icon: ReactNode; run: () => void };

export const pageIcons: Record<Page, ReactNode> = {
  overview: <IconOverview />, datasets: <IconDatasets />, finetunes: <IconTunes />, models: <IconModels />, usage: <IconUsage />, settings: <IconSettings />,
};

export function useCommands(): Command[] {
  const { t } = useWords();
  const clouds = useCall('cloud_list', {});
  const settings = useCall('settings_get', {});
  const select = useChange('cloud_select');
  const save = useChange('settings_set');
  const set = (part: { language?: string; theme?: string }) => { if (settings.data) save.mutate({ ...settings.data, ...part }); };
  return [
    ...pages.map((page) => ({ key: `go-${page}`, words: t('command.go', { page: t(`nav.${page}`) }), icon: pageIcons[page], run: () => go(page) })),
    { key: 'choose', words: t('command.choose'), icon: <IconFile />, run: () => go('datasets', 'choose') },
    { key: 'sample', words: t('command.sample'), icon: <IconDatasets />, run: () => go('datasets', 'sample') },
    { key: 'launch', words: t('command.launch'), icon: <IconAdd />, run: () => go('finetunes', 'new') },
    { key: 'playground', words: t('command.playground'), icon: <IconChat />, run: () => go('models', 'playground') },
    { key: 'deployments', words: t('command.deployments'), icon: <IconDeploy />, run: () => go('models', 'deployments') },
    { key: 'import-file', words: t('command.importFile'), icon: <IconFile />, run: () => go('models', 'import', 'file') },
    { key: 'import-folder', words: t('command.importFolder'), icon: <IconFolder />, run: () => go('models', 'import', 'folder') },
    { key: 'sync', words: t('command.sync'), icon: <IconSync />, run: () => go('usage', 'sync') },
    { key: 'tasks', words: t('command.tasks'), icon: <IconTasks />, run: () => useOverlays.setState({ tasks: true }) },
    ...(clouds.data ?? []).filter((row) => !row.selected).map((row) => ({ key: `cloud-${row.id}`, words: t('command.cloud', { name: row.name }), icon: <IconCloud />, run: () => select.mutate({ id: row.id }) })),
    { key: 'add-cloud', words: t('command.addCloud'), icon: <IconCloud />, run: () => go('settings', 'clouds', 'new') },
    { key: 'storage', words: t('command.storage'), icon: <IconDelete />, run: () => go('settings', 'storage') },
    { key: 'light', words: t('command.light'), icon: <IconSun />, run: () => set({ theme: 'light' }) },
    { key: 'dark', words: t('command.dark'), icon: <IconSun />, run: () => set({ theme: 'dark' }) },
    { key: 'en', words: t('command.english'), icon: <IconLanguage />, run: () => set({ language: 'en' }) },
    { key: 'zh', words: t('command.chinese'), icon: <IconLanguage />, run: () => set({ language: 'zh-CN' }) },
  ];
}
