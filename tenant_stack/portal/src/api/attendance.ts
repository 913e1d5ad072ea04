import type { Schemas } from './client.ts'

/** Records, their explanation, anomalies, corrections and periods. */
export type AttendanceRecord = Schemas['RecordView']
export type RecordStatus = Schemas['RecordView']['status']
export type RecordState = Schemas['RecordView']['state']
export type PayLine = Schemas['PayLineView']
export type Anomaly = Schemas['AnomalyView']
export type Severity = Schemas['AnomalyView']['severity']
export type AnomalyState = Schemas['AnomalyView']['state']
export type Correction = Schemas['CorrectionView']
export type CorrectionState = Schemas['CorrectionView']['state']
export type Changes = Schemas['Changes']
export type HistoryEntry = Schemas['HistoryEntry']
export type RecordDetail = Schemas['RecordDetail']
export type Delta = Schemas['DeltaView']
export type ApproveAction = Schemas['ApproveRequest']['action']
export type ApproveAnswer = Schemas['ApproveAnswer']
export type Period = Schemas['PeriodView']
export type AddedPunch = Schemas['AddedPunch']
export type Decision = Schemas['Decision']

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

/** How a record was worked out. The document types it as an open object: the engine adds parts as rules ask. */
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

/** The explanation of a record; null for one that was computed before explanations were kept. */
export const traceOf = (record: RecordDetail): Trace | null =>
  'sentences' in record.trace ? (record.trace as Trace) : null
