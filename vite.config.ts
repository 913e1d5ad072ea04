import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { pageList } from './foundation/portal_kit/page_list.ts'

const COMPRESSED = /\.(js|css|svg)$/

/** Writes a brotli and a gzip copy beside every asset, so that the server compresses nothing at run time. */
function compressedAssets(): Plugin {
  return {
    name: 'compressed-assets',
    writeBundle({ dir }) {
      const folder = join(dir ?? 'dist', 'assets')
      for (const name of readdirSync(folder).filter((each) => COMPRESSED.test(each))) {
        const path = join(folder, name)
        const content = readFileSync(path)
        const size = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: size }))
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
      }
    },
  }
}

/** How both portals are built. */
export default defineConfig({
  plugins: [react(), pageList(), compressedAssets()],
  build: {
    target: 'es2022',
    // Everything is a file of our own origin: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
