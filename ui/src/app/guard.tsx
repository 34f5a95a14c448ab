/** @file A page that throws must not take the navigation with it. */
import { Button, Result } from 'antd';
import { Component, type ReactNode } from 'react';
import { useWords } from '../i18n/use';

function Crashed({ error, onAgain }: { error: Error; onAgain: () => void }) {
  const { t } = useWords();
  return <div role="alert"><Result status="warning" title={t('app.crashed')} subTitle={t('app.crashedText')}
    extra={<><Button type="primary" onClick={onAgain}>{t('app.reload')}</Button><details className="crash"><summary>{t('error.details')}</summary><pre className="detail">{error.message}</pre></details></>} /></div>;
}

export class Guard extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };
  static getDerivedStateFromError(error: Error) { return { error }; }
  override render() {
    return this.state.error ? <Crashed error={this.state.error} onAgain={() => this.setState({ error: null })} /> : this.props.children;
  }
}
