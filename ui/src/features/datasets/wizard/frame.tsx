/** @file What every step of the wizard has: the stepper above, the decision below. */
import { Button, Steps } from 'antd';
import { useEffect, useRef, type ReactNode } from 'react';
import { IconBack } from '../../../components/icons';
import { useWords } from '../../../i18n/use';
import { isOpen, steps, type Step, type Wizard } from './draft';

/** The stepper. A step that was reached can be gone back to; the current one is announced and gets the focus when it changes. */
export function Stepper({ draft, onStep }: { draft: Wizard; onStep: (step: Step) => void }) {
  const { t } = useWords();
  const at = steps.indexOf(draft.step);
  const title = t(`wizard.step.${draft.step}`);
  const head = useRef<HTMLHeadingElement>(null);
  const shown = useRef(draft.step);
  useEffect(() => {
    if (shown.current === draft.step) return;
    shown.current = draft.step;
    head.current?.focus();
    document.querySelector('main')?.scrollTo?.(0, 0);
  }, [draft.step]);
  const items = steps.map((step, index) => ({ title: t(`wizard.step.${step}`), content: t(`wizard.stepText.${step}`), disabled: index === at || !isOpen(draft, step), 'aria-current': index === at ? 'step' as const : undefined }));
  return <>
    <nav className="panel stepper" aria-label={t('wizard.steps')}><Steps size="small" current={at} responsive={false} items={items} onChange={(to) => { const step = steps[to]; if (step && isOpen(draft, step)) onStep(step); }} /></nav>
    <h2 ref={head} tabIndex={-1} className="unseen" aria-live="polite">{t('wizard.stepOf', { at: at + 1, total: steps.length, title })}</h2>
  </>;
}

type FootProps = {
  onBack?: () => void;
  /** Why going on is stopped: a sentence that the button is described by. */
  stop?: ReactNode;
  next: string;
  onNext: () => void;
  busy?: boolean;
  /** Also closes the way on, with a reason that is plain from the page. */
  closed?: boolean;
  icon?: ReactNode;
  children?: ReactNode;
};

/** Stop or go. */
export function Foot({ onBack, stop, next, onNext, busy, closed, icon, children }: FootProps) {
  const { t } = useWords();
  return <div className="panel foot">
    {onBack ? <Button icon={<IconBack aria-hidden />} disabled={busy} onClick={onBack}>{t('wizard.back')}</Button> : <span />}
    <div className="foot-way">{stop && <span id="wizard-stop" className="bad">{stop}</span>}{children}
      <Button type="primary" icon={icon} disabled={Boolean(stop) || busy || closed} aria-describedby={stop ? 'wizard-stop' : undefined} onClick={onNext}>{next}</Button></div>
  </div>;
}
