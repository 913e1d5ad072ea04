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

export type Version<D> = { id?: string; effective: string | null; definition: D }

export type Shift = {
  id: string
  code: string
  name: string
  versions?: Version<ShiftDefinition>[]
  current?: Version<ShiftDefinition> | null
  definition?: ShiftDefinition
  effective?: string | null
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

/** A rule set's definition: the engine's own names. What the form does not know is kept as it is. */
export type RuleDefinition = Record<string, unknown>

export type RuleSet = {
  id: string
  code: string
  name: string
  is_default: boolean
  versions?: Version<RuleDefinition>[]
  current?: Version<RuleDefinition> | null
  definition?: RuleDefinition
  effective?: string | null
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
export type WeeklyOff = { id: string; weekdays: number[]; starts_on: string; ends_on?: string | null; site_id?: string | null }
export type Leave = {
  id: string
  staff_id: string
  staff_name?: string
  employee_id?: string
  day: string
  part: 'full' | 'first_half' | 'second_half' | 'hours'
  kind: 'leave' | 'on_duty'
  code: string
  starts?: string | null
  ends?: string | null
  note?: string | null
}

export type AttendanceSettings = {
  default_shift?: string | null
  default_rule_set?: string | null
  period?: { kind: 'monthly' | 'weekly' | 'biweekly'; anchor?: string | null }
}
