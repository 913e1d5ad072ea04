import { theme as antd, type ThemeConfig } from 'antd'

/**
 * Colours are chosen for WCAG 2.2 AA: text and placeholder reach 4.5:1 on every surface they stand on, component
 * outlines 3:1. The same values are the CSS variables of base.css; change both together.
 */
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"

const shape = {
  fontFamily: FONT,
  fontSize: 14,
  borderRadius: 6,
  controlHeight: 34,
  wireframe: false,
}

export const lightTheme: ThemeConfig = {
  algorithm: antd.defaultAlgorithm,
  token: {
    ...shape,
    colorPrimary: '#0958d9',
    colorLink: '#0958d9',
    colorLinkHover: '#003eb3',
    colorError: '#c0261c',
    colorSuccess: '#1a7436',
    colorWarning: '#8f5a00',
    colorErrorBg: '#fdeeed',
    colorErrorBorder: '#e9aaa5',
    colorSuccessBg: '#eaf5ed',
    colorSuccessBorder: '#9fcbac',
    colorWarningBg: '#fff6e0',
    colorWarningBorder: '#dfbf7c',
    colorText: '#1b2430',
    colorTextSecondary: '#4d5866',
    colorTextTertiary: '#59636f',
    colorTextDescription: '#59636f',
    colorTextPlaceholder: '#59636f',
    colorTextQuaternary: '#868f9b',
    colorBgLayout: '#f4f6f8',
    colorBorder: '#868f9b',
    colorBorderSecondary: '#e1e5ea',
    boxShadowSecondary: '0 6px 24px rgba(16, 24, 40, 0.14)',
  },
  components: {
    Table: {
      headerBg: '#f7f9fb',
      headerColor: '#4d5866',
      headerSplitColor: 'transparent',
      cellPaddingBlockSM: 8,
      cellPaddingInlineSM: 10,
    },
    Switch: { trackHeight: 24, handleSize: 20, trackMinWidth: 46 },
  },
}

export const darkTheme: ThemeConfig = {
  algorithm: antd.darkAlgorithm,
  token: {
    ...shape,
    colorPrimary: '#69b1ff',
    colorLink: '#7ab8ff',
    colorLinkHover: '#a8d1ff',
    colorError: '#ff7b72',
    colorSuccess: '#6cc98a',
    colorWarning: '#e3b04b',
    colorErrorBg: '#311a19',
    colorErrorBorder: '#7d3a36',
    colorSuccessBg: '#15271b',
    colorSuccessBorder: '#35683f',
    colorWarningBg: '#2e2615',
    colorWarningBorder: '#6f5825',
    colorText: '#e6eaf0',
    colorTextSecondary: '#b6bfca',
    colorTextTertiary: '#a3adb9',
    colorTextDescription: '#a3adb9',
    colorTextPlaceholder: '#a3adb9',
    colorTextQuaternary: '#76818e',
    colorBgLayout: '#0f1419',
    colorBgContainer: '#171d24',
    colorBgElevated: '#1e252e',
    colorBorder: '#6b7684',
    colorBorderSecondary: '#2b333d',
    colorTextLightSolid: '#06121f',
  },
  components: {
    Table: {
      headerBg: '#1c232b',
      headerColor: '#b6bfca',
      headerSplitColor: 'transparent',
      cellPaddingBlockSM: 8,
      cellPaddingInlineSM: 10,
    },
    Button: { primaryColor: '#06121f', dangerColor: '#1c0503' },
    Switch: { trackHeight: 24, handleSize: 20, trackMinWidth: 46 },
    Tooltip: { colorTextLightSolid: '#e6eaf0', colorBgSpotlight: '#3a4552' },
  },
}
