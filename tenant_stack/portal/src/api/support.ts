export const SUPPORT = '/api/support'

export type SupportAccess = {
  id: string
  operator: string
  reason: string
  ticket: string
  write: boolean
  minutes: number
  state: 'waiting' | 'open' | 'ended' | 'declined'
  asked_at: string
  approved_by: string
  began_at: string | null
  /** When the access, or the waiting for its approval, is over. */
  ends_at: string
  ended_at: string | null
  ended_by: string
}

export type SupportNow = { open: SupportAccess[]; waiting: SupportAccess[]; own: string | null }

export type SupportPolicy = { approval_required: boolean }
