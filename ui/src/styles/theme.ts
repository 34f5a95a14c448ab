/** @file The one place of colours, sizes and type, for light and dark. The build turns it into CSS variables
 * (`--ant-…`) below `.pc-light` and `.pc-dark`; our own style sheet uses only these.
 */
import { theme, type ThemeConfig } from 'antd';

const sans = "'Inter', 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', system-ui, sans-serif";
const mono = "'JetBrains Mono', 'SF Mono', Consolas, 'Noto Sans Mono CJK SC', 'DejaVu Sans Mono', monospace";

/** Secondary texts keep 4.5:1 on every surface they appear on; antd's own tertiary text does not. */
const light = {
  colorPrimary: '#2a56c6', colorPrimaryHover: '#2149b0', colorPrimaryTextHover: '#2149b0', colorLinkHover: '#2149b0', colorInfo: '#2a56c6', colorLink: '#2a56c6', colorSuccess: '#1b7a3d', colorWarning: '#8f5a00', colorError: '#c02c2c',
  colorBgLayout: '#f5f6f8', colorBgContainer: '#ffffff', colorBorder: '#cdd2da', colorBorderSecondary: '#e4e7ec',
  colorText: '#1c2129', colorTextSecondary: '#4a5362', colorTextTertiary: '#586172', colorTextQuaternary: '#636c7c', colorTextPlaceholder: '#667080',
  colorSuccessBg: '#e6f4ea', colorSuccessBorder: '#b5dcc1', colorWarningBg: '#fdf3dc', colorWarningBorder: '#efd79f', colorErrorBg: '#fdecea', colorErrorBorder: '#f2bfba', colorPrimaryBg: '#ebf1fe', colorInfoBg: '#ebf1fe', colorInfoBorder: '#bccffa',
};
const dark = {
  colorPrimary: '#8fb2ff', colorPrimaryHover: '#a9c4ff', colorLinkHover: '#b3caff', colorInfo: '#8fb2ff', colorLink: '#93b4ff', colorSuccess: '#6fd08c', colorWarning: '#e9b65a', colorError: '#ff8f86',
  colorBgBase: '#12151a', colorBgLayout: '#101318', colorBgContainer: '#181c23', colorBgElevated: '#20252e', colorBorder: '#3b4350', colorBorderSecondary: '#2a303a',
  colorText: '#e6e9ee', colorTextSecondary: '#b3bbc7', colorTextTertiary: '#a1aab8', colorTextQuaternary: '#929cab', colorTextPlaceholder: '#929cab',
  colorSuccessBg: '#16281d', colorSuccessBorder: '#2a5239', colorWarningBg: '#2e2412', colorWarningBorder: '#5c4720', colorErrorBg: '#321b1b', colorErrorBorder: '#643230', colorPrimaryBg: '#1b2740', colorInfoBg: '#1b2740', colorInfoBorder: '#324b80',
};

export function themeOf(isDark: boolean): ThemeConfig {
  return {
    zeroRuntime: true, hashed: false, cssVar: { key: isDark ? 'pc-dark' : 'pc-light' },
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: { ...(isDark ? dark : light), fontFamily: sans, fontFamilyCode: mono, fontSize: 14, borderRadius: 7, borderRadiusLG: 10, controlHeight: 34, wireframe: false },
    components: {
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', fontWeight: 500, ...(isDark && { primaryColor: '#0d1524', dangerColor: '#1d0d0c' }) },
      Card: { bodyPadding: 20, headerHeight: 52 },
      Table: { headerBg: 'transparent', headerSplitColor: 'transparent', cellPaddingBlock: 11, cellPaddingInline: 12, ...(isDark ? { headerColor: '#b3bbc7' } : { headerColor: '#4a5362' }) },
      Alert: { withDescriptionPadding: '12px 16px', withDescriptionIconSize: 18 },
      Tabs: { horizontalMargin: '0 0 16px 0' },
      Form: { itemMarginBottom: 18, verticalLabelPadding: '0 0 6px' },
    },
  };
}

/** Colours of charts; each keeps 3:1 against its card, neighbours differ in lightness too. */
export const chartColours = (isDark: boolean) => (isDark
  ? { text: '#b3bbc7', line: '#2f3642', faint: 'rgba(143,178,255,0.42)', series: ['#8fb2ff', '#5fc7a8', '#e0a458', '#c79bf2'] }
  : { text: '#4a5362', line: '#e4e7ec', faint: 'rgba(42,86,198,0.34)', series: ['#2a56c6', '#12876a', '#c07a12', '#7d4fc4'] });
