import { Chip, type Tone } from '@punctual/portal-kit'
import type { AnomalyState, CorrectionState, RecordState, RecordStatus, Severity } from './api/attendance.ts'
import { chip, options, spoken, unknown } from './words.tsx'

/** What statuses, states and anomalies of attendance are called on every page. */

const STATUS: Record<RecordStatus, [Tone, string]> = {
  present: ['ok', 'Present'],
  incomplete: ['warn', 'Incomplete'],
  absent: ['bad', 'Absent'],
  half_day: ['warn', 'Half day'],
  on_leave: ['idle', 'On leave'],
  holiday: ['idle', 'Holiday'],
  weekly_off: ['idle', 'Day off'],
  holiday_worked: ['note', 'Worked on a holiday'],
  off_day_worked: ['note', 'Worked on a day off'],
}
const STATE: Record<RecordState, [Tone, string]> = {
  open: ['idle', 'Open'],
  submitted: ['note', 'Submitted'],
  approved: ['ok', 'Approved'],
  reopened: ['warn', 'Reopened'],
  locked: ['idle', 'Locked'],
}
const STATE_MEANS: Record<RecordState, string> = {
  open: 'Still follows the punches as they come in.',
  submitted: 'Waits for approval.',
  approved: 'Approved. Late punches would reopen it, with the old figures kept.',
  reopened: 'Was approved; something came in afterwards and it needs approval again.',
  locked: 'Its period is closed. Later differences go into the current period.',
}
const SEVERITY: Record<Severity, [Tone, string]> = {
  high: ['bad', 'High'],
  medium: ['warn', 'Medium'],
  low: ['note', 'Low'],
  info: ['idle', 'Info'],
}
const ANOMALY_STATE: Record<AnomalyState, [Tone, string]> = {
  active: ['warn', 'Active'],
  pending: ['idle', 'Pending'],
  resolved: ['ok', 'Resolved'],
}
const CORRECTION: Record<CorrectionState, [Tone, string]> = {
  proposed: ['note', 'Proposed'],
  approved: ['ok', 'Approved'],
  rejected: ['bad', 'Rejected'],
}

/** The kinds of the catalogue that people filter by, in the order in which they matter. */
const KINDS: Record<string, string> = {
  missing_out: 'Missing out',
  missing_in: 'Missing in',
  not_arrived: 'Not arrived yet',
  absence: 'Absence',
  in_late: 'Arrived late',
  out_early: 'Left early',
  in_early: 'Arrived early',
  out_late: 'Stayed late',
  long_shift: 'Too long a stretch',
  short_shift: 'Very short stretch',
  no_break: 'No break',
  short_break: 'Short break',
  long_break: 'Long break',
  early_return: 'Early back from break',
  rest_below_11h: 'Rest below 11 hours',
  over_day_limit: 'Over the day limit',
  over_week_limit: 'Over the week limit',
  over_weekly_schedule: 'Over the week’s schedule',
  days_in_a_row: 'Too many days in a row',
  unscheduled_work: 'Unscheduled work',
  holiday_work: 'Work on a holiday',
  off_day_work: 'Work on a day off',
  leave_work: 'Work during leave',
  repeated_direction: 'Same direction twice',
  duplicate_punch: 'Double swipe',
  unmatched_punch: 'Outside every shift',
  unassigned_punch: 'Punch of nobody we know',
  estimated_out: 'Estimated out',
  future_punch: 'Punch from the future',
  device_clock_skew: 'Clock was wrong',
  impossible_travel: 'Impossible travel',
  manual_conflict: 'Contradicts a manual entry',
}

export const STATUS_OPTIONS = options(STATUS)
export const STATE_OPTIONS = options(STATE)
export const SEVERITY_OPTIONS = options(SEVERITY)
export const ANOMALY_STATE_OPTIONS = options(ANOMALY_STATE)
export const KIND_OPTIONS = Object.entries(KINDS).map(([value, label]) => ({ value, label }))

/** For lists of records: `any` is whatever still needs somebody. */
export const ANOMALY_OPTIONS = [{ value: 'any', label: 'Any that needs a look' }, ...KIND_OPTIONS]

export const kindWords = (kind: string) => KINDS[kind] ?? spoken(kind)
export const statusWords = (status: RecordStatus) => (STATUS[status] ?? unknown(status))[1]
export const stateWords = (state: RecordState) => (STATE[state] ?? unknown(state))[1]
export const stateMeans = (state: RecordState) => STATE_MEANS[state] ?? ''

export const StatusChip = ({ status }: { status: RecordStatus }) => chip(STATUS[status] ?? unknown(status))
export const StateChip = ({ state }: { state: RecordState }) => chip(STATE[state] ?? unknown(state), STATE_MEANS[state])
export const SeverityChip = ({ severity }: { severity: Severity }) => chip(SEVERITY[severity] ?? unknown(severity))
export const AnomalyStateChip = ({ state }: { state: AnomalyState }) => chip(ANOMALY_STATE[state] ?? unknown(state))
export const CorrectionChip = ({ state }: { state: CorrectionState }) => chip(CORRECTION[state] ?? unknown(state))

const ROLES: Record<string, string> = {
  in: 'In',
  out: 'Out',
  meal_out: 'Out to the meal',
  meal_in: 'Back from the meal',
  break_out: 'Out to the break',
  break_in: 'Back from the break',
  inside: 'Inside the stretch',
  duplicate: 'Double swipe',
  unmatched: 'Outside every shift',
  unpaired: 'Without a partner',
  repeated: 'Same direction again',
  held: 'Held for a look',
}
export const roleWords = (role: string) => ROLES[role] ?? spoken(role)

export const EstimatedChip = () => (
  <Chip tone="warn" title="A rule closed the day because nobody punched out.">
    Estimated
  </Chip>
)
