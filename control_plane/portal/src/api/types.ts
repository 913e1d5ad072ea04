/** The control plane's HTTP API as this console reads it. Instants are ISO-8601 with offset. */

export type Session = {
  user: { id: string; name: string; email: string }
  permissions: string[]
}

export type StepState = 'pending' | 'ok' | 'failed' | 'unknown'

export type Step = {
  name: string
  state: StepState
  message: string | null
  advice: string | null
  attempts: number
  started_at: string | null
  checked_at: string | null
  duration_ms: number | null
}

export type OrganisationIn = {
  slug: string
  name: string
  owner_email: string
  owner_name?: string
  zone?: string
}

export type Organisation = {
  id: string
  slug: string
  name: string
  owner_email: string
  zone: string
  desired: 'running' | 'suspended' | 'erased'
  /** A pure function of what was asked and what was seen; new words may come. */
  phase: string
  generation: number
  observed_generation: number
  urls: { portal: string; api: string; push: string }
  steps: Step[]
  created_at: string
  updated_at: string
  next_reconcile_at: string | null
}

export type FirstSignIn = { portal_url: string; user_name: string; initial_password: string | null; issuer: string }

export type SupportIn = { reason: string; ticket: string; minutes: number; write?: boolean }

export type SupportAccess = {
  id: string
  operator: string
  reason: string
  ticket: string
  minutes: number
  write: boolean
  asked_at: string
  state: 'waiting' | 'open' | 'ended' | 'declined'
  ends_at: string
  ended_by: string
  /** Asked for by whoever reads this. */
  own: boolean
}
