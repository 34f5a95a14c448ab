/** @file Gives antd its theme, texts and places.
 * antd still writes its variables into style elements; they go into a box outside the document, because the built style
 * sheet already has them. So nothing here needs `style-src 'unsafe-inline'` or a nonce.
 */
import { StyleProvider } from '@ant-design/cssinjs';
import { App, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { useMemo, type ReactNode } from 'react';
import { useWords } from '../i18n/use';
import { useLook } from '../lib/look';
import { themeOf } from '../styles/theme';

const outside = document.createElement('div');

/** Dialogs and lists open here, not in the body: antd locks a body's scrolling with a style element, and ours never scrolls. */
const overlays = () => document.getElementById('overlays') ?? document.body;

export function Themed({ children }: { children: ReactNode }) {
  const { lang } = useWords();
  const dark = useLook((look) => look.dark);
  const still = useLook((look) => look.still);
  const theme = useMemo(() => {
    const made = themeOf(dark);
    return { ...made, token: { ...made.token, motion: !still } };
  }, [dark, still]);
  return <StyleProvider container={outside}>
    <ConfigProvider theme={theme} locale={lang === 'zh-CN' ? zhCN : enUS} getPopupContainer={overlays} wave={{ disabled: true }} button={{ autoInsertSpace: false }}
      modal={{ closable: { 'aria-label': lang === 'zh-CN' ? '关闭' : 'Close' } } as never}>
      <App component={false} message={{ getContainer: overlays }}>{children}</App>
    </ConfigProvider>
  </StyleProvider>;
}
