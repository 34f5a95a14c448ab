/** @file The key that callers of the deployments use: hidden until asked for. */
import { Button } from 'antd';
import { useChange } from '../../api/use';
import { CopyText } from '../../components/copy';
import { IconKey } from '../../components/icons';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';

export function Key() {
  const { t } = useWords();
  const key = useChange('deployment_key');
  const show = () => key.mutate({});
  return <section className="panel key" aria-label={t('deploy.key')}>
    <span className="notice-icon info" aria-hidden><IconKey /></span>
    <div className="key-text"><b>{t('deploy.key')}</b>{key.data ? <CopyText text={key.data.api_key} what={t('deploy.key')} /> : <code aria-hidden>••••••••••••••••••••</code>}<span className="soft">{t('deploy.keyText')}</span></div>
    {key.data ? <Button onClick={() => key.reset()}>{t('deploy.hideKey')}</Button> : <Button loading={key.isPending} onClick={show}>{t('deploy.showKey')}</Button>}
    <Refusal error={key.error} onRetry={show} />
  </section>;
}
