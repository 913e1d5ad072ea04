import { api } from '@punctual/portal-kit'

export const LOGO = '/api/logo'
export const MOST_LOGO_BYTES = 1_000_000

export type Logo = {
  sha256: string
  width: number
  height: number
  file_name: string
  changed_by: string
  changed_at: string
}

export type LogoNow = { logo: Logo | null }

/** Another address for another picture, so that a page shows the new one at once. */
export const pictureOf = (logo: Logo) => `${LOGO}?sha256=${logo.sha256}`

export function saveLogo(file: File): Promise<Logo> {
  const form = new FormData()
  form.append('file', file)
  return api.put<Logo>(LOGO, form)
}
