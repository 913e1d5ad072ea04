import { multipart } from '@punctual/portal-kit'
import { api, type Schemas } from './client.ts'

export const LOGO = '/api/logo'
export const MOST_LOGO_BYTES = 1_000_000

export type LogoNow = Schemas['LogoNow']
export type Logo = Schemas['LogoView']

/** Another address for another picture, so that a page shows the new one at once. */
export const pictureOf = (logo: Logo) => `${LOGO}?sha256=${logo.sha256}`

export function saveLogo(file: File): Promise<Logo> {
  // The document types a file as text; the browser wants the File itself.
  return api.put(LOGO, { body: { file: file as unknown as string }, bodySerializer: multipart })
}
