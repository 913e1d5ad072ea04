import type { DeviceStatusDetail } from './types.ts'

/** Looking after clocks: completeness, commands, actions, alerts. Instants are ISO-8601; wall times are text. */

export const ALERTS = '/api/alerts'
export const ALERT_COUNTS_KEY = ['alert-counts'] as const
export const FAILED_COMMANDS = '/api/dead-letters/commands'
export const FAILED_SYNCS = '/api/dead-letters/syncs'

export type Trust = 'full' | 'punches'

/** What a clock's answer holds beside the facts that every page reads. */
export type ClockCare = {
  trust: Trust
  pinned_address: string | null
  new_address: string | null
  claim_state: 'unasked' | 'ours' | 'elsewhere'
}

export type Completeness = {
  method: '' | 'counts' | 'sum'
  state: 'unknown' | 'equal' | 'missing' | 'full_ring' | 'unsaid'
  sentence: string
  on_clock: number | null
  held: number | null
  difference: number
  explained: number
  until_local: string | null
  zone: string
  checked_at: string | null
  verified_at: string | null
  differs_since: string | null
  next_check_at: string | null
  received: number
  stored: number
  duplicate: number
  quarantined: number
}

export type StatusWithCompleteness = DeviceStatusDetail & { completeness: Completeness }

export type CommandState = 'queued' | 'sent' | 'done' | 'failed' | 'cancelled'

export type ClockCommand = {
  id: string
  device_id: string
  device_name: string
  kind: string
  what: string
  state: CommandState
  words: string
  held_because: string | null
  attempts: number
  count: number | null
  requested_by: string
  created_at: string
  finished_at: string | null
  can_retry: boolean
  can_cancel: boolean
}

export type FailedSync = {
  id: string
  device_id: string
  device_name: string
  message: string
  attempts: number
  finished_at: string | null
}

export type ClockAction = 'check' | 'info' | 'verify' | 'read_all' | 'reboot' | 'set_time' | 'clear_log'
export type ActionAnswer = { action: ClockAction; message: string; command_id: string | null; sync_id: string | null }

export type Severity = 'info' | 'warning' | 'critical'

export type Alert = {
  id: string
  kind: string
  title: string
  severity: Severity
  text: string
  device_id: string | null
  device_name: string | null
  device_serial: string | null
  times: number
  opened_at: string
  last_at: string
  closed_at: string | null
  acknowledged_at: string | null
  acknowledged_by: string | null
  note: string
}

export type AlertCounts = { open: number; unacknowledged: number; critical: number }
export type Replayed = { replayed: number; stored: number; duplicate: number; left: number }
