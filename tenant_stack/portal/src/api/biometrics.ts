/** What the API says of templates, consent and enrolments at a distance. No message holds a template. */

export const CONSENT_TEXTS = '/api/consent-texts'
export const HELD_BACK = '/api/biometrics/quarantine'
export const BIOMETRIC_ACCESS = '/api/biometrics/access'
export const BIOMETRIC_KEY = '/api/biometrics/key'
export const BIOMETRIC_SETTINGS = '/api/biometrics/settings'
export const ENROLMENTS = '/api/enrolments'

export const biometricsKey = (staffId: string) => ['biometrics', staffId] as const
export const enrolmentKey = (id: string) => ['enrolment', id] as const

export type TemplateType = 'FINGERPRINT' | 'FACE' | 'PALM'
export type CopyState = 'pending' | 'sent' | 'written' | 'confirmed' | 'unfit' | 'refused' | 'removing' | 'removed'
export type Copy = {
  device_id: string
  device_name: string
  state: CopyState
  message: string
  confirmed_at: string | null
}

export type Biometric = {
  id: string
  template_type: TemplateType
  template_format: string
  finger_index: number | null
  part: number
  quality_score: number | null
  duress: boolean
  state: 'quarantined' | 'active' | 'revoked'
  unreadable: boolean
  origin: 'walk_up' | 'enrolment' | 'entered'
  origin_device_name: string | null
  captured_at: string
  erased_at: string | null
  erased_because: string
  copies: Copy[]
}

export type Consent = {
  id: string
  version: number
  title: string
  how: 'written' | 'electronic' | 'spoken'
  note: string
  given_at: string
  recorded_by: string
  ended_at: string | null
  ended_because: '' | 'withdrawn' | 'renewed'
}

export type ConsentText = {
  id: string
  version: number
  title: string
  text: string
  created_by: string
  created_at: string
  people: number
}

export type HeldBack = {
  id: string
  staff_id: string | null
  staff_name: string | null
  pin: string | null
  device_id: string | null
  device_name: string | null
  template_type: TemplateType
  finger_index: number
  reason: string
  captured_at: string
  erased_on: string
}

export type Access = {
  id: number
  at: string
  template_id: string
  staff_id: string | null
  staff_name: string | null
  device_id: string | null
  device_name: string | null
  purpose: string
  actor_label: string
}

export type Periods = { walk_up_days: number; leaver_days: number; rotation_days: number }
export type TemplateKey = { latest: number; oldest_readable: number; to_renew: number; unreadable: number }

export type EnrolmentState =
  | 'asked'
  | 'sent'
  | 'started'
  | 'touch'
  | 'stored'
  | 'distributed'
  | 'failed'
  | 'cancelled'
  | 'timed_out'

export type Enrolment = {
  id: string
  staff_id: string
  staff_name: string
  device_id: string
  device_name: string
  zone: string
  pin: string
  template_type: TemplateType
  finger_index: number
  state: EnrolmentState
  open: boolean
  touch: number
  message: string
  requested_by: string
  created_at: string
  expires_at: string
  finished_at: string | null
  steps: { at: string; step: EnrolmentState; touch: number; message: string }[]
  copies: Copy[]
}
