/** The organisation's own sign-in provider, and the way in without it. */
export const SIGN_IN = '/api/settings/sign-in'
export const BREAK_GLASS = '/api/settings/break-glass'

export type Layer = 'address' | 'discovery' | 'keys' | 'sign_in' | 'token' | 'domain' | 'groups' | 'account'
export type LayerReport = { name: Layer; state: 'passed' | 'failed' | 'waiting'; detail: string }

export type Connection = {
  id: string
  issuer: string
  client_id: string
  display_name: string
  allowed_domains: string[]
  group_claim: string
  group_roles: Record<string, string>
  created_at: string
  activated_at: string | null
  report: LayerReport[] | null
  tested_at: string | null
}

export type ConnectionIn = {
  issuer: string
  client_id: string
  client_secret?: string
  display_name?: string
  allowed_domains?: string[]
  group_claim?: string
  group_roles?: Record<string, string>
}

export type SignInSettings = {
  active: Connection | null
  draft: Connection | null
  former: Connection | null
  platform: { issuer: string; display_name: string } | null
  can_roll_back: boolean
  redirect_uri: string
}

export type TestBegun = { report: LayerReport[]; url: string | null }
export type Switched = { settings: SignInSettings; invited: number }

export type BreakGlass = {
  state: 'none' | 'unconfirmed' | 'ready'
  name: string | null
  email: string | null
  recovery_codes_left: number
  created_at: string | null
  last_used_at: string | null
}
export type BreakGlassIn = { name: string; password: string }
export type BreakGlassSecrets = { totp_secret: string; totp_uri: string; recovery_codes: string[] }
