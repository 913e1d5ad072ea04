import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import jsxA11y from 'eslint-plugin-jsx-a11y'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

// Rules that need types are left to tsc: they would make this take as long again.
export default defineConfig(globalIgnores(['**/dist/', '**/schema.d.ts']), {
  files: ['**/*.{ts,tsx}'],
  extends: [
    js.configs.recommended,
    tseslint.configs.recommended,
    reactHooks.configs.flat.recommended,
    jsxA11y.flatConfigs.recommended,
  ],
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    // A part that scrolls must be reachable by keyboard (axe: scrollable-region-focusable).
    'jsx-a11y/no-noninteractive-tabindex': 'off',
    'jsx-a11y/label-has-associated-control': [
      'error',
      { controlComponents: ['Checkbox', 'DatePicker', 'Input', 'InputNumber', 'Select', 'Switch'], depth: 3 },
    ],
  },
})
