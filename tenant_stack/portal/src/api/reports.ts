/** Reports, their runs and schedules, as this portal reads them from the HTTP API. */

export const REPORTS = '/api/reports'
export const REPORT_RUNS = '/api/reports/runs'
export const REPORT_SCHEDULES = '/api/reports/schedules'
export const SAVED_REPORTS = '/api/reports/saved'
export const CUSTOM_REPORT = '/api/reports/custom'

/** `duration` is exact seconds, `instant` wall time at the site with its offset, `mark` a short code. */
export type CellKind = 'text' | 'number' | 'duration' | 'date' | 'instant' | 'mark'
export type ReportColumn = { name: string; title: string; kind: CellKind; total: boolean }
export type ReportField = ReportColumn & { sums: boolean }
export type ReportRow = Record<string, string | number | null>

export type ReportKind = {
  kind: string
  title: string
  about: string
  span: 'day' | 'month' | 'range'
  columns: ReportColumn[]
}

export type Catalogue = {
  kinds: ReportKind[]
  fields: ReportField[]
  dimensions: string[]
  spans: Record<string, string>
  departments: string[]
}

export type Report = {
  kind: string
  title: string
  first: string
  last: string
  zones: string[]
  filters: string[]
  columns: ReportColumn[]
  items: ReportRow[]
  next_cursor: string | null
  total: number
  totals: Record<string, number>
}

export type CustomShape = {
  title?: string
  columns: string[]
  group_by: string[]
  detail: boolean
  subtotals: boolean
}

/** A report as the API takes it: `span`, or `first` and `last`. */
export type ReportRequest = {
  kind: string
  span?: string
  first?: string
  last?: string
  site_ids?: string[]
  departments?: string[]
  group_ids?: string[]
  staff_ids?: string[]
  cells?: 'status' | 'worked'
  shape?: CustomShape
}

export type FileFormat = 'csv' | 'xlsx' | 'pdf'
export type RunState = 'queued' | 'running' | 'stuck' | 'done' | 'failed' | 'cancelled'

export type ReportRun = {
  id: string
  kind: string
  title: string
  about: string[]
  format: FileFormat
  state: RunState
  step: string
  rows: number
  rows_total: number | null
  bytes: number
  checksum: string
  file_name: string
  requested_by: string
  scheduled: boolean
  message: string
  created_at: string
  started_at: string | null
  finished_at: string | null
  expires_at: string | null
  /** The file can be fetched now, by this person. */
  file: boolean
  mine: boolean
}

export type CustomAnswer = { saved_id: string | null; report: Report | null; run: ReportRun | null }
export type SavedReport = { id: string; name: string; report: ReportRequest; created_by: string; updated_at: string }

export type ScheduleIn = {
  name: string
  report: ReportRequest
  format: FileFormat
  every: 'day' | 'week' | 'month'
  weekday?: number | null
  day?: number | null
  at: string
  zone: string
  recipients: string[]
  active: boolean
}

export type ReportSchedule = ScheduleIn & {
  id: string
  next_at: string
  created_by: string
  last_at: string | null
  last_state: 'pending' | 'sent' | 'failed' | null
  last_message: string
}

export const fileOf = (run: ReportRun) => `${REPORT_RUNS}/${run.id}/file`
export const isOver = (run: ReportRun) => ['done', 'failed', 'cancelled'].includes(run.state)
