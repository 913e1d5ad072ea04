import type { Answers, Schemas } from './client.ts'

/** Reports, their runs and schedules, as this portal reads them from the HTTP API. */

export const REPORTS = '/api/reports'
export const REPORT_RUNS = '/api/reports/runs'
export const REPORT_SCHEDULES = '/api/reports/schedules'
export const SAVED_REPORTS = '/api/reports/saved'
export const CUSTOM_REPORT = '/api/reports/custom'

export type ReportColumn = Schemas['ColumnView']
export type ReportKind = Schemas['KindView']
export type Catalogue = Schemas['Catalogue']
export type Report = Schemas['ReportPage']
export type CustomShape = Answers['CustomShape']
export type ReportSpan = NonNullable<Schemas['ReportRequest']['span']>
export type ReportRequest = Schemas['ReportRequest']
export type FileFormat = Schemas['RunRequest']['format']
export type RunState = Schemas['tenant_stack__reports__schemas__RunView']['state']
export type ReportRun = Schemas['tenant_stack__reports__schemas__RunView']
export type SavedReport = Schemas['SavedView']
export type ScheduleIn = Schemas['ScheduleIn']
export type ReportSchedule = Schemas['ScheduleView']
export type ReportRow = Report['items'][number]

export const fileOf = (run: ReportRun) => `${REPORT_RUNS}/${run.id}/file`
export const isOver = (run: ReportRun) => ['done', 'failed', 'cancelled'].includes(run.state)
