/** @file A newcomer's four steps; what is done is ticked, the next one is the main one. */
import { Button } from 'antd';
import { IconCheck } from '../../components/icons';
import { useWords } from '../../i18n/use';
import { go } from '../../lib/look';

export function Steps({ done }: { done: boolean[] }) {
  const { t } = useWords();
  const next = done.indexOf(false);
  const steps = [
    { title: t('overview.step1'), text: t('overview.step1Text'), run: () => go('datasets') },
    { title: t('overview.step2'), text: t('overview.step2Text'), run: () => go('finetunes', 'new') },
    { title: t('overview.step3'), text: t('overview.step3Text'), run: () => go('models', 'playground') },
    { title: t('overview.step4'), text: t('overview.step4Text'), run: () => go('models', 'deployments') },
  ];
  return <ol className="steps">{steps.map((step, index) => <li key={step.title} className={done[index] ? 'step-done' : index === next ? 'step-next' : ''}>
    <span className="step-mark" aria-hidden>{done[index] ? <IconCheck /> : index + 1}</span>
    <div className="step-text"><b>{step.title}{done[index] && <span className="unseen"> ({t('overview.done')})</span>}</b><span className="soft">{step.text}</span></div>
    <div className="step-acts">
      <Button size="small" type={index === next ? 'primary' : 'default'} aria-label={`${t('overview.open')}: ${step.title}`} onClick={step.run}>{t('overview.open')}</Button>
      {index === 0 && !done[0] && <Button size="small" onClick={() => go('datasets', 'sample')}>{t('overview.sample')}</Button>}
    </div>
  </li>)}</ol>;
}
