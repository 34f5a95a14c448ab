/** @file Who can answer: every format of every model here, and every deployment that runs. */
import { useMemo } from 'react';
import { useCall } from '../api/use';
import type { ChatTarget, ModelRow, Quant } from '../api/generated/types';
import { useWords, wordFor } from '../i18n/use';
import { nameOf } from '../lib/name';

export type Option = { value: string; label: string; origin: string; model: string; target: ChatTarget };

const rank: Record<Quant, number> = { int4: 0, int8: 1, f32: 2 };
/** A model without a converted form is offered as int4: asking it converts it first. */
const formatsOf = (model: ModelRow): Quant[] => (model.formats.length ? model.formats.map((format) => format.quant).sort((a, b) => rank[a] - rank[b]) : ['int4']);

export function useTargets() {
  const { t } = useWords();
  const models = useCall('model_list', {});
  const deployments = useCall('deployment_list', {});
  const tunes = useCall('tune_list', {});
  const options = useMemo(() => {
    const local: Option[] = (models.data ?? []).flatMap((row) => formatsOf(row).map((quant) => ({
      value: `local/${row.model}/${quant}`, label: `${nameOf(row, tunes.data)} · ${quant}`, origin: row.origin, model: row.model, target: { kind: 'local' as const, model: row.model, quant },
    })));
    const cloud: Option[] = (deployments.data ?? []).filter((row) => row.status === 'RUNNING').map((row) => ({
      value: `cloud/${row.deployed_model}`, label: row.name || row.deployed_model, origin: 'cloud', model: row.deployed_model, target: { kind: 'cloud' as const, deployed_model: row.deployed_model },
    }));
    return { local, cloud, all: [...local, ...cloud] };
  }, [models.data, deployments.data, tunes.data]);
  const groups = [
    { label: t('play.local'), options: options.local.map(({ value, label, origin }) => ({ value, label: `${label} (${wordFor('models.origin', origin)})` })) },
    { label: t('play.cloud'), options: options.cloud.map(({ value, label }) => ({ value, label })) },
  ].filter((group) => group.options.length > 0);
  return { ...options, groups, ready: models.data !== undefined && deployments.data !== undefined, error: models.error ?? deployments.error, refetch: () => { void models.refetch(); void deployments.refetch(); } };
}

export const valueOf = (target: ChatTarget | null) => (target === null ? undefined : target.kind === 'local' ? `local/${target.model}/${target.quant}` : `cloud/${target.deployed_model}`);
