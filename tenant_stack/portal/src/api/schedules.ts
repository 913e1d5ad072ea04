import type { PeriodKind } from '@punctual/portal-kit'

/** Shifts, assignments, rules and the calendar, as this portal reads them from the HTTP API. Times are "HH:MM". */

export type Site = { id: string; code: string; name: string; zone: string; latitude?: number | null; longitude?: number | null }

export type ScheduledBreak = { start: string; end: string; paid?: boolean }

export type ShiftDefinition = {
  start: string
  end: string
  before_minutes?: number | null
  after_minutes?: number | null
  breaks?: ScheduledBreak[]
  expected_minutes?: number | null
  unpaid_break_minutes?: number
  flexible?: boolean
} & Record<string, unknown>

/** Null: from the beginning. */
export type Version<D> = { id?: string; effective: string | null; definition: D }

export type Shift = {
  id: string
  code: string
  name: string
  /** Oldest first. */
  versions: Version<ShiftDefinition>[]
  /** In force today, or else the first. */
  definition: ShiftDefinition
}

export type Assignment = {
  id: string
  staff_id: string
  rotation: (string | null)[]
  starts_on: string
  ends_on?: string | null
  weekdays?: number[] | null
  anchor?: string | null
}

/** Only the parts that the form reads are named; all others are kept as they are. Durations are minutes. */
export type Rounding = {
  target: string
  mode: string
  interval_minutes: number
  grace_minutes?: number
}
export type BreakRule = {
  code: string
  method: 'deduct' | 'add' | 'punched'
  steps_minutes: [number, number][]
  include_punched: boolean
  required?: boolean
}
export type Tier = { code: string; basis: string; rate: string; after_minutes: number; day?: number; window?: [string, string] | null }
export type RuleDefinition = {
  pairing?: {
    mode: string
    hours: string
    gap_minutes: number
    longest_minutes: number
    over_long: string
    auto_close?: string | null
  }
  duplicates?: { window_seconds: number; keep: 'first' | 'last'; fixed: boolean }
  dating?: { kind: string }
  roundings?: Rounding[]
  breaks?: BreakRule[]
  overtime?: {
    tiers: Tier[]
    weekly_counts: string
    week_start: number
    minimum_minutes: number
    cap_minutes?: number | null
  }
  status?: { half_day_below_minutes?: number | null; absent_below_minutes?: number | null; single_punch?: string }
  punctuality?: {
    mark_late: boolean
    mark_early: boolean
    late_grace_minutes: number
    early_grace_minutes: number
    beyond_grace: boolean
  }
} & Record<string, unknown>

export type RuleSet = {
  id: string
  code: string
  name: string
  is_default: boolean
  definition: RuleDefinition
  versions: Version<RuleDefinition>[]
}

export type Figures = Record<string, number | string | null | undefined>
export type WhatIf = {
  records_compared: number
  changed: {
    staff_id: string
    employee_id: string
    staff_name: string
    work_date: string
    before: Figures | null
    after: Figures | null
  }[]
  changed_total: number
  minutes_difference: number
}

export type Holiday = { id: string; day: string; name: string; site_id?: string | null; origin?: 'own' | 'library' }
export type WeeklyOff = { id: string; weekdays: number[]; starts_on?: string | null; ends_on?: string | null; site_id?: string | null }
export type Leave = {
  id: string
  staff_id: string
  staff_name?: string
  employee_id?: string
  day: string
  part: 'full' | 'first_half' | 'second_half' | 'hours'
  kind: 'leave' | 'on_duty'
  code: string
  start?: string | null
  end?: string | null
  note?: string | null
}

export type AttendanceSettings = {
  default_shift?: string | null
  default_rule_set?: string | null
  period?: PeriodKind
}
