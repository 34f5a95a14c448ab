/** @file What a model is called for people: its fine-tune's name, else its id. Copies always take the id. */
import type { ModelRow, TuneRow } from '../api/generated/types';

export function nameOf(model: ModelRow, tunes: readonly TuneRow[] | undefined): string {
  return tunes?.find((job) => job.job_id === model.job_id)?.name || model.model;
}
