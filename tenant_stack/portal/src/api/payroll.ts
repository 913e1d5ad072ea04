/** Payroll and webhooks, as this portal reads them from the HTTP API. */

export const PAYROLL = '/api/reports/payroll'
export const PROFILES = '/api/payroll/profiles'
export const BATCHES = '/api/payroll/batches'
export const WEBHOOKS = '/api/webhooks'

export type Unit = 'hours' | 'days'

/** `figure` is the sum of the rounded figures in the file. */
export type Total = { code: string; unit: Unit; figure: string; people: number }

export type Readiness = {
  approved: number
  unapproved: number
  unapproved_people: number
  conflicts: number
  people: number
  computing: number
  doubts: number
}

export type PayrollPreview = {
  from: string
  to: string
  profile: string
  file_name: string
  unapproved: boolean
  differences: boolean
  rounding: string
  header: string[]
  rows: string[][]
  row_count: number
  /** The beginning of a file that is no table. */
  text: string
  people: number
  totals: Total[]
  readiness: Readiness
  warnings: string[]
}

export type ProfileLine = {
  code: string
  name: string
  ready: boolean
  advice: string
  layout: string
  shape: string
  each: 'period' | 'day'
  version: number
}

export type CodeMapping = { ours: string; theirs: string; unit: Unit }
export type FileColumn = {
  title: string
  source: string
  value: string
  width: number | null
  pad: string
  sign: string
}
export type ProfileDefinition = {
  codes: CodeMapping[]
  columns: FileColumn[]
  settings: Record<string, string>
  layout: string
  shape: string
  each: 'period' | 'day'
  separator: string
  header: boolean
  encoding: string
  time: string
  places: number
  decimal_mark: string
  rounding: string
  day_hours: string
  dates: string
  blank_zero: boolean
  file_name: string
} & Record<string, unknown>
export type Profile = ProfileLine & { definition: ProfileDefinition }

export type Batch = {
  id: string
  number: number
  state: 'queued' | 'done' | 'failed' | 'withdrawn'
  from: string
  to: string
  unapproved: boolean
  differences: boolean
  profile: string
  profile_name: string
  made_by: string
  created_at: string
  done_at: string | null
  file_name: string
  sha256: string
  size: number
  rows: number
  people: number
  totals: Total[]
  warnings: string[]
  error: string
  withdrawn_by: string | null
  withdrawn_reason: string
}

export type Webhook = {
  id: string
  name: string
  url: string
  events: string[]
  active: boolean
  disabled_reason: string
  failing_since: string | null
  last_success_at: string | null
  secret_made_at: string
  second_secret_until: string | null
  waiting: number
  failed: number
}
export type WebhookMade = Webhook & { secret: string }

export type Delivery = {
  id: string
  event_id: string
  event: string
  state: 'waiting' | 'delivered' | 'failed'
  attempts: number
  created_at: string
  next_at: string | null
  last_at: string | null
  last_status: number | null
  last_error: string
  milliseconds: number | null
  body: string
}

export const EVENTS: Record<string, string> = {
  'period.approved': 'A period is approved',
  'period.locked': 'A period is locked',
  'record.corrected': 'A record is corrected',
  'payroll.batch.created': 'A payroll batch is made',
  'alert.opened': 'An alert is opened',
  test: 'Test',
}
