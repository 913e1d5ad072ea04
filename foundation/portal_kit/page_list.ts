import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** Writes the paths of a portal's routes into `pages.json` beside its `index.html`: the server answers 404 to others. */
export function pageList(): Plugin {
  let routes = ''
  return {
    name: 'page-list',
    configResolved(config) {
      routes = `${config.root}/src/routes.tsx`
    },
    generateBundle() {
      const pages = [...readFileSync(routes, 'utf8').matchAll(/\bpath: '(\/[^']*)'/g)].map((found) => found[1])
      this.emitFile({ type: 'asset', fileName: 'pages.json', source: JSON.stringify(pages) })
    },
  }
}
