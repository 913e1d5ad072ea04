import { addDays, dateIn, hoursMinutes, timeIn } from './zoned.ts'

const DAY_MINUTES = 1440

/** Minutes of a wall time after the midnight that begins `day`; more than 1440 on the day after. */
export function minuteOfDay(day: string, zone: string, instant: number): number {
  const date = dateIn(zone, instant * 1000)
  const [hour = 0, minute = 0] = timeIn(zone, instant * 1000, false)
    .split(':')
    .map(Number)
  const days = Math.round((Date.parse(date) - Date.parse(day)) / 86_400_000)
  return days * DAY_MINUTES + hour * 60 + minute
}

/** "22:10", or "06:05 +1" when it lies on the day after `day`. Seconds since 1970 in. */
export function clockOn(day: string, zone: string, instant: number, seconds = false): string {
  const date = dateIn(zone, instant * 1000)
  const time = timeIn(zone, instant * 1000, seconds)
  if (date === day) return time
  if (date === addDays(day, 1)) return `${time} +1`
  if (date === addDays(day, -1)) return `${time} −1`
  return `${date} ${time}`
}

/** "09:00" or "09:00:30" as minutes after midnight; null when it is no time. */
export function minutesOf(time: string | null | undefined): number | null {
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(time ?? '')
  if (!found) return null
  return Number(found[1]) * 60 + Number(found[2]) + Number(found[3] ?? 0) / 60
}

/** Seconds as h:mm, with :ss only where there are odd seconds. */
export function hoursOf(seconds: number): string {
  const rest = Math.abs(seconds) % 60
  const whole = hoursMinutes(Math.trunc(seconds / 60))
  const signed = seconds < 0 && !whole.startsWith('-') ? `-${whole}` : whole
  return rest ? `${signed}:${String(rest).padStart(2, '0')}` : signed
}

/** An effect on worked time: "+8:00", "-0:30", "±0". */
export function effectOf(seconds: number): string {
  if (seconds === 0) return '±0'
  return seconds > 0 ? `+${hoursOf(seconds)}` : `−${hoursOf(-seconds)}`
}

/** The first and last day of the month that holds `day`. */
export function monthOf(day: string): DaySpan {
  const first = `${day.slice(0, 8)}01`
  const next = addDays(first, 31)
  return { first, last: addDays(`${next.slice(0, 8)}01`, -1) }
}

/** "1–30 November 2026" or "28 Oct – 10 Nov 2026" for two calendar dates. */
export function spanWords(first: string, last: string): string {
  const at = (day: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options }).format(new Date(`${day}T00:00:00Z`))
  if (first.slice(0, 7) === last.slice(0, 7)) {
    return `${Number(first.slice(8))}–${at(last, { day: 'numeric', month: 'long', year: 'numeric' })}`
  }
  const year = first.slice(0, 4) === last.slice(0, 4) ? {} : { year: 'numeric' as const }
  return `${at(first, { day: 'numeric', month: 'short', ...year })} – ${at(last, { day: 'numeric', month: 'short', year: 'numeric' })}`
}

/** "24 Nov 2026" for a calendar date. */
export function dayWords(day: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' }).format(
    new Date(`${day}T00:00:00Z`),
  )
}

/** How days are gathered for approval and pay; `anchor` is the first day of some period. */
export type PeriodKind = { kind: 'monthly' | 'weekly' | 'biweekly'; anchor?: string | null }

/** Calendar dates, both included. */
export type DaySpan = { first: string; last: string }

const MONTHS_BACK = 4

/** The spans that the organisation's settings make, newest first, the current one at the head. */
export function derivedSpans(today: string, period: PeriodKind | undefined): DaySpan[] {
  const spans: DaySpan[] = []
  if (period && period.kind !== 'monthly') {
    const length = period.kind === 'weekly' ? 7 : 14
    // 2024-01-01 is a Monday: weeks without an anchor of their own begin on Mondays.
    const anchor = Date.parse(period.anchor ?? '2024-01-01')
    const since = Math.floor((Date.parse(today) - anchor) / 86_400_000)
    let first = addDays(today, -(((since % length) + length) % length))
    for (let index = 0; index < MONTHS_BACK * 2; index++) {
      spans.push({ first, last: addDays(first, length - 1) })
      first = addDays(first, -length)
    }
    return spans
  }
  let month = monthOf(today)
  for (let index = 0; index < MONTHS_BACK; index++) {
    spans.push(month)
    month = monthOf(addDays(month.first, -1))
  }
  return spans
}
