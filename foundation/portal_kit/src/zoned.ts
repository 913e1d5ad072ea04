/** Times as people at a site read them. Nothing here ever falls back to the browser's own zone. */

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${JSON.stringify(options)}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
    formats.set(key, found)
  }
  return found
}

/** The zone itself, or UTC if this browser does not know it: a wrong name must never pass as local time. */
export function knownZone(zone: string | null | undefined): string {
  if (!zone) return 'UTC'
  try {
    format(zone, { year: 'numeric' })
    return zone
  } catch {
    return 'UTC'
  }
}

/** ISO date (YYYY-MM-DD) of an instant in a zone. */
export function dateIn(zone: string, instant: Date | string | number = Date.now()): string {
  const parts = format(knownZone(zone), { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(
    new Date(instant),
  )
  const part = (type: string) => parts.find((item) => item.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}`
}

/** HH:MM:SS (or HH:MM) of an instant in a zone. */
export function timeIn(zone: string, instant: Date | string | number, seconds = true): string {
  return format(knownZone(zone), {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds && { second: '2-digit' as const }),
  }).format(new Date(instant))
}

/** "2026-11-22 14:03:11" of an instant in a zone. */
export function instantIn(zone: string, instant: string, seconds = true): string {
  return `${dateIn(zone, instant)} ${timeIn(zone, instant, seconds)}`
}

/** "Sunday 22 November 2026" for a calendar date that belongs to no zone. */
export function longDate(isoDate: string): string {
  return format('UTC', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(
    new Date(`${isoDate}T00:00:00Z`),
  )
}

/** "Sun 22 Nov" for a calendar date that belongs to no zone. */
export function shortDate(isoDate: string): string {
  return format('UTC', { weekday: 'short', day: 'numeric', month: 'short' })
    .format(new Date(`${isoDate}T00:00:00Z`))
    .replace(',', '')
}

/** A calendar date moved by whole days. */
export function addDays(isoDate: string, days: number): string {
  const date = new Date(`${isoDate}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + days)
  return date.toISOString().slice(0, 10)
}

/** "3 min ago": elapsed time between two instants, so it needs no zone. */
export function ageText(instant: string, now: number = Date.now()): string {
  const seconds = Math.round((now - Date.parse(instant)) / 1000)
  if (Number.isNaN(seconds)) return 'unknown'
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

/** Minutes as h:mm. */
export function hoursMinutes(minutes: number | null | undefined): string {
  if (minutes === null || minutes === undefined) return '–'
  const sign = minutes < 0 ? '-' : ''
  const whole = Math.abs(Math.round(minutes))
  return `${sign}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** A duration in milliseconds, in the unit a person would say. */
export function durationText(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return '–'
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`
}

/** "12 s fast" / "3 min slow" for a device clock's offset. */
export function offsetText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return 'not measured yet'
  const size = Math.abs(Math.round(seconds))
  if (size < 1) return 'exact to the second'
  const words = size < 120 ? `${size} s` : size < 7200 ? `${Math.round(size / 60)} min` : `${Math.round(size / 3600)} h`
  return `${words} ${seconds > 0 ? 'fast' : 'slow'}`
}

/** Every zone name this browser knows, for pickers. */
export function zoneNames(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')]
}
