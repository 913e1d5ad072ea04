import type { Answers, Schemas } from './client.ts'

/** Shifts, assignments, rules and the calendar. Times are "HH:MM"; durations are minutes. */
export type Site = Schemas['SiteView']
export type ScheduledBreak = Schemas['ScheduledBreakDefinition']
export type ShiftDefinition = Shift['definition']
export type Shift = Answers['ShiftView']
export type Assignment = Schemas['AssignmentView']
export type AssignmentIn = Schemas['AssignmentIn']
export type Rounding = Schemas['RoundingDefinition']
export type Tier = Answers['TierDefinition-Output']
export type RuleDefinition = Answers['RuleSetDefinition-Output']
export type RuleSet = Answers['RuleSetView']
export type WhatIf = Schemas['WhatIfAnswer']
export type Figures = Schemas['DayFigures']
export type Holiday = Schemas['HolidayView']
export type WeeklyOff = Schemas['WeeklyOffView']
export type Leave = Schemas['LeaveView']
export type AttendanceSettings = Answers['AttendanceSettings']

/** Effective null: from the beginning. */
export type Version<D> = { id?: string; effective: string | null; definition: D }
