/** Records, their explanation, anomalies, corrections and periods, as this portal reads them from the HTTP API. */

export type RecordStatus =
  | 'present'
  | 'absent'
  | 'half_day'
  | 'on_leave'
  | 'holiday'
  | 'weekly_off'
  | 'holiday_worked'
  | 'off_day_worked'
  | 'incomplete'

export type RecordState = 'open' | 'submitted' | 'approved' | 'reopened' | 'locked'

export type PayLine = { code: string; rate: string | number; minutes?: number; seconds?: number }

export type AttendanceRecord = {
  id: string
  staff_id: string
  employee_id: string
  staff_name: string
  department: string | null
  work_date: string
  zone: string
  first_in: string | null
  last_out: string | null
  first_in_local: string | null
  last_out_local: string | null
  worked_minutes: number | null
  status: RecordStatus
  punch_count: number
  processed_at: string
  shifts?: string[]
  late_minutes?: number
  early_minutes?: number
  overtime_minutes?: number
  break_minutes?: number
  expected_minutes?: number | null
  pay?: PayLine[]
  state?: RecordState
  /** How many anomalies still need somebody. */
  anomalies?: number
  estimated?: boolean
  /** The figures were set by hand; `conflict`: punches contradict them. */
  manual?: boolean
  conflict?: boolean
  version?: number
}

/** What became of one punch; `at` is in seconds since 1970. */
export type PunchFate = {
  punch: string
  at: number
  role: string
  used: boolean
  why: string
}

export type TraceSegment = {
  shift: string | null
  why: string
  starts: number | null
  ends: number | null
  raw_in: number | null
  raw_out: number | null
  counted_in: number | null
  counted_out: number | null
}

/** One rule at work; `seconds` is its effect on worked time. */
export type TraceStep = { rule: string; seconds: number; text: string }

export type Trace = {
  zone: string
  rules?: string
  sentences: string[]
  punches?: PunchFate[]
  segments?: TraceSegment[]
  steps?: TraceStep[]
  pay?: PayLine[]
  premiums?: PayLine[]
  worked?: number
}

export type Severity = 'info' | 'low' | 'medium' | 'high'
export type AnomalyState = 'pending' | 'active' | 'resolved'

export type Anomaly = {
  id: string
  staff_id: string
  employee_id?: string
  staff_name?: string
  record_id?: string | null
  work_date: string
  kind: string
  severity: Severity
  state: AnomalyState
  text: string
  seconds?: number | null
  advice?: string
  resolution?: string | null
  resolved_by?: string | null
  resolved_at?: string | null
}

export type CorrectionState = 'proposed' | 'approved' | 'rejected'
export type Correction = {
  id: string
  staff_id: string
  employee_id?: string
  staff_name?: string
  work_date: string
  changes: Changes
  reason: string
  state: CorrectionState
  requested_by: string | null
  requested_at?: string | null
  created_at?: string | null
  decided_by: string | null
  decided_at: string | null
  note?: string | null
}

/** What a correction changes: the raw punches stay as they are, the record is computed as if they were so. */
export type Changes = {
  add?: { at: string; direction: string }[]
  void?: string[]
  move?: { punch_id: string; at: string }[]
  figures?: Record<string, number>
  /** Gives a day whose figures were set by hand back to the rules. */
  automatic?: boolean
}

export type HistoryEntry = {
  at: string
  by?: string | null
  action: string
  note?: string | null
  changes?: unknown
}

export type RecordDetail = Omit<AttendanceRecord, 'anomalies'> & {
  trace?: Trace | null
  anomalies?: Anomaly[] | number
  corrections?: Correction[]
  history?: HistoryEntry[]
  /** What changed since the record was approved, in seconds by name. */
  difference?: Record<string, number>
}

/** What late data changes about a locked day: seconds by name, paid in a later period. */
export type Delta = {
  id: string
  staff_id: string
  staff_name: string
  work_date: string
  period_id: string | null
  figures: Record<string, number>
  reason: string
  created_at: string
}

export type ApproveAction = 'submit' | 'approve' | 'reopen' | 'reject'
export type ApproveAnswer = { changed: number | string[]; skipped: { id: string; reason: string }[] }

export type Period = {
  id: string
  starts_on: string
  ends_on: string
  state: 'open' | 'locked'
  locked_by?: string | null
  locked_at?: string | null
}

export type Run = {
  id: string
  from?: string
  to?: string
  state: string
  done: number
  total: number
}
