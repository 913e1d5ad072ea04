import { hoursMinutes, minutesOf } from '@punctual/portal-kit'
import type { ShiftDefinition } from '../../api/schedules.ts'
import type { BarSpan } from '../DayBar.tsx'

const DAY = 1440

/** A shift as stretches of a bar; nothing while its times are not entered yet. */
export function spansOf(shift: Partial<ShiftDefinition>): BarSpan[] {
  const start = minutesOf(shift.start)
  const end = minutesOf(shift.end)
  if (start === null || end === null) return []
  const last = end > start ? end : end + DAY
  const spans: BarSpan[] = []
  const { before_minutes: before, after_minutes: after } = shift
  if (before || after) {
    const words = `punches count from ${before ?? 0} min before to ${after ?? 0} min after`
    spans.push({ kind: 'window', from: start - (before ?? 0), to: last + (after ?? 0), words })
  }
  spans.push({
    kind: 'shift',
    from: start,
    to: last,
    words: `${shift.start}–${shift.end}${last > DAY ? ' the next day' : ''}`,
  })
  for (const pause of shift.breaks ?? []) {
    const from = minutesOf(pause.start)
    const to = minutesOf(pause.end)
    if (from === null || to === null) continue
    const begins = from < start ? from + DAY : from
    const ends = to > from ? begins + to - from : begins + to - from + DAY
    spans.push({
      kind: 'break',
      from: begins,
      to: ends,
      words: `break ${pause.start}–${pause.end}${pause.paid ? ', paid' : ''}`,
    })
  }
  return spans
}

/** What is owed, in words: "8:00", from the definition or from its times. */
export function owed(shift: Partial<ShiftDefinition>): string {
  if (shift.expected_minutes) return hoursMinutes(shift.expected_minutes)
  const start = minutesOf(shift.start)
  const end = minutesOf(shift.end)
  if (start === null || end === null) return '–'
  let minutes = (end > start ? end : end + DAY) - start - (shift.unpaid_break_minutes ?? 0)
  for (const pause of shift.breaks ?? []) {
    const from = minutesOf(pause.start)
    const to = minutesOf(pause.end)
    if (!pause.paid && from !== null && to !== null) minutes -= to > from ? to - from : to - from + DAY
  }
  return hoursMinutes(minutes)
}
