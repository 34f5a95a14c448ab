/** @file Fixing in bulk: what the chosen fixes would change, then a new version in which it is changed. */
import { Button, Checkbox } from 'antd';
import { useState } from 'react';
import { useCall } from '../../../api/use';
import type { FixRequest } from '../../../api/generated/types';
import { Panel } from '../../../components/page';
import { Answer, Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';
import { number } from '../../../lib/format';
import { Changes } from '../parts/changes';
import type { ResultProps } from './check';

export function Fixes({ dataset, version, report, busy, fix, codes }: ResultProps & { codes: readonly string[] }) {
  const { t, lang } = useWords();
  const bad = report.rows - report.good_rows;
  const [drop, setDrop] = useState(false);
  const [looking, setLooking] = useState(false);
  const fixable = report.groups.some((group) => group.fix !== null);
  const request: FixRequest = { dataset, version, codes: codes.filter((code) => report.groups.some((group) => group.code === code && group.fix !== null)), drop_bad: drop && bad > 0, lines: [] };
  const some = request.codes.length > 0 || request.drop_bad;
  const label = request.codes.length === 0 && request.drop_bad ? t('wizard.dropNow', { count: bad, n: number(lang, bad) }) : t('wizard.fixNow', { count: request.codes.length });
  const run = () => void fix.run(request);
  if (!fixable && bad === 0) return null;
  return <Panel title={t('wizard.fix')} lead={t('wizard.fixText')}>
    <div className="stack">
      {!fixable && <p className="soft">{t('wizard.nothingFixable')}</p>}
      {bad > 0 && <Checkbox checked={drop} disabled={busy} onChange={(event) => setDrop(event.target.checked)}>{t('wizard.drop_bad', { count: bad, n: number(lang, bad) })}</Checkbox>}
      <div className="row"><Button disabled={!some || busy} aria-expanded={looking && some} onClick={() => setLooking((now) => !now)}>{t(looking ? 'wizard.hidePreview' : 'wizard.previewFix')}</Button>
        <Button type="primary" disabled={!some || busy} onClick={run}>{label}</Button></div>
      <Refusal error={fix.error} onRetry={run} onClose={fix.clear} />
      {looking && some && <Preview request={request} />}
    </div>
  </Panel>;
}

function Preview({ request }: { request: FixRequest }) {
  const { t, lang } = useWords();
  const preview = useCall('fix_preview', request, { keep: true });
  return <div aria-busy={preview.isFetching}><Answer query={preview}>{({ rows, changed, removed, whole }) => <div className="stack">
    <p>{t('wizard.wouldChange', { changed: number(lang, changed), removed: number(lang, removed) })} {!whole && <span className="soft">{t('wizard.partLooked')}</span>}</p>
    {rows.length > 0 && <Changes label={t('wizard.changes')} rows={rows} />}</div>}</Answer></div>;
}
