import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { pageList } from '../../foundation/portal_kit/page_list.ts'

export default defineConfig({
  plugins: [react(), pageList()],
  build: {
    target: 'es2022',
    // Everything is a file of our own origin: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
