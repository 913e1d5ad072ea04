import { hoursMinutes } from '@punctual/portal-kit'
import type { RuleDefinition, Tier } from '../../api/schedules.ts'
import { WEEKDAYS } from './lists.ts'

/** Choices of the form and how the same values are read out. */
export const PAIRING_MODES = [
  { value: 'state_then_alternate', label: 'By what the clock says, then in turn' },
  { value: 'device_state', label: 'Only by what the clock says' },
  { value: 'alternate', label: 'In turn: in, out, in, out' },
]
export const PAIRING_HOURS = [
  { value: 'paired', label: 'Closed pairs of in and out' },
  { value: 'first_last', label: 'First in to last out' },
]
export const AUTO_CLOSES = [
  { value: 'schedule_end', label: 'The end of the shift' },
  { value: 'expected_hours', label: 'The hours owed' },
]
export const DATINGS = [
  { value: 'shift_start', label: 'The day the shift starts' },
  { value: 'first_punch', label: 'The day of the first punch' },
  { value: 'shift_end', label: 'The day the shift ends' },
  { value: 'most_worked', label: 'The day with most of the work' },
  { value: 'split_midnight', label: 'Split at midnight' },
]
export const TARGETS = [
  { value: 'in', label: 'In' },
  { value: 'out', label: 'Out' },
  { value: 'break_out', label: 'Out to a break' },
  { value: 'break_in', label: 'Back from a break' },
  { value: 'meal_total', label: 'Meal, in all' },
  { value: 'break_total', label: 'Breaks, in all' },
  { value: 'day_total', label: 'The day, in all' },
  { value: 'overtime', label: 'Overtime' },
]
export const ROUNDING_MODES = [
  { value: 'down', label: 'down' },
  { value: 'up', label: 'up' },
  { value: 'nearest', label: 'to the nearest' },
  { value: 'seven_eight', label: 'by the 7/8 rule' },
  { value: 'partial_up', label: 'any part up' },
  { value: 'cut_off', label: 'up from a cut-off' },
  { value: 'schedule', label: 'onto the scheduled time' },
  { value: 'clip', label: 'cut to the schedule' },
]
export const BREAK_METHODS = [
  { value: 'deduct', label: 'Taken off, punched or not' },
  { value: 'add', label: 'Punched time paid, up to' },
  { value: 'punched', label: 'As punched' },
]
export const BASES = [
  { value: 'daily', label: 'In a day, beyond' },
  { value: 'weekly', label: 'In a week, beyond' },
  { value: 'biweekly', label: 'In two weeks, beyond' },
  { value: 'consecutive_day', label: 'On the nth day in a row, beyond' },
  { value: 'holiday', label: 'On holidays, beyond' },
  { value: 'off_day', label: 'On days off, beyond' },
  { value: 'over_schedule', label: 'Beyond the hours owed, by' },
  { value: 'outside_schedule', label: 'Outside the scheduled times, beyond' },
  { value: 'window', label: 'Between hours of the clock, beyond' },
]

const label = (options: { value: string; label: string }[], value: string | null | undefined) =>
  options.find((option) => option.value === value)?.label ?? value ?? '–'
const lower = (text: string) => `${text.charAt(0).toLowerCase()}${text.slice(1)}`
const minutes = (count: number) =>
  count % 60 === 0 && count > 0 ? `${count / 60} h` : count < 60 ? `${count} min` : hoursMinutes(count)

function tierWords(tier: Tier): string {
  const window = tier.window ? ` (${tier.window.join('–')})` : ''
  const nth = tier.basis === 'consecutive_day' ? ` (day ${tier.day})` : ''
  return `${label(BASES, tier.basis)} ${minutes(tier.after_minutes)}${window}${nth}: ${tier.code} at ${Number(tier.rate)} times.`
}

export type Topic = { title: string; lines: string[] }

/** A rule set in sentences. Parts that an answer lacks are left out. */
export function topicsOf(rules: RuleDefinition): Topic[] {
  const { pairing, duplicates, dating, roundings, breaks, overtime, punctuality, status } = rules
  const topics: Topic[] = []
  if (pairing) {
    const lines = [
      `Punches are paired ${lower(label(PAIRING_MODES, pairing.mode))}.`,
      `Worked time is ${lower(label(PAIRING_HOURS, pairing.hours))}; a pair longer than ${minutes(pairing.longest_minutes)} is never made.`,
    ]
    if (pairing.auto_close)
      lines.push(`An open pair is closed by ${lower(label(AUTO_CLOSES, pairing.auto_close))}, and marked as estimated.`)
    if (dating) lines.push(`Work belongs to ${lower(label(DATINGS, dating.kind))}.`)
    topics.push({ title: 'Pairing', lines })
  }
  if (duplicates) {
    const on = `Swipes within ${duplicates.window_seconds} s of each other are one; the ${duplicates.keep} counts.`
    topics.push({ title: 'Double swipes', lines: [duplicates.window_seconds ? on : 'Every swipe counts.'] })
  }
  topics.push({
    title: 'Rounding',
    lines: roundings?.length
      ? roundings.map((each) =>
          ['schedule', 'clip'].includes(each.mode)
            ? `${label(TARGETS, each.target)}: ${label(ROUNDING_MODES, each.mode)}.`
            : `${label(TARGETS, each.target)}: ${label(ROUNDING_MODES, each.mode)} ${minutes(each.interval_minutes)}.`,
        )
      : ['Nothing is rounded: every second counts.'],
  })
  topics.push({
    title: 'Breaks',
    lines: breaks?.length
      ? breaks.map((each) => {
          const steps = each.steps_minutes.map(
            ([over, amount]) => `${minutes(amount)} when more than ${minutes(over)} were worked`,
          )
          return `${label(BREAK_METHODS, each.method)} (${each.code})${steps.length ? `: ${steps.join(', ')}` : ''}${each.include_punched ? '; what was punched counts towards it' : ''}.`
        })
      : ['Nothing is taken off: breaks are what people punch.'],
  })
  if (overtime) {
    const lines = overtime.tiers.length
      ? overtime.tiers.map(tierWords)
      : ['There is no overtime: all worked time is regular.']
    if (overtime.minimum_minutes) lines.push(`Less than ${minutes(overtime.minimum_minutes)} in a day is no overtime.`)
    if (overtime.cap_minutes) lines.push(`At most ${minutes(overtime.cap_minutes)} in a day.`)
    if (overtime.tiers.some((tier) => tier.basis === 'weekly'))
      lines.push(`The week starts on ${WEEKDAYS[overtime.week_start] ?? 'Monday'}.`)
    topics.push({ title: 'Overtime', lines })
  }
  if (punctuality) {
    const side = (on: boolean, what: string, grace: number) =>
      on ? `${what} beyond ${minutes(grace)} of grace.` : `${what} is not judged.`
    topics.push({
      title: 'Late and early',
      lines: [
        side(punctuality.mark_late, 'Coming late', punctuality.late_grace_minutes),
        side(punctuality.mark_early, 'Leaving early', punctuality.early_grace_minutes),
      ],
    })
  }
  if (status && (status.half_day_below_minutes || status.absent_below_minutes)) {
    const lines: string[] = []
    if (status.half_day_below_minutes)
      lines.push(`Less than ${minutes(status.half_day_below_minutes)} worked is half a day.`)
    if (status.absent_below_minutes) lines.push(`Less than ${minutes(status.absent_below_minutes)} worked is absence.`)
    topics.push({ title: 'Status', lines })
  }
  return topics
}
