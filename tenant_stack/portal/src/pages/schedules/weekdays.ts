export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
export const WEEKDAY_OPTIONS = WEEKDAYS.map((label, value) => ({ value, label: label.slice(0, 3) }))

/** "Mon–Fri", "Sat, Sun". */
export function weekdayWords(days: number[]): string {
  const sorted = days.toSorted((one, other) => one - other)
  const [first, last] = [sorted[0] ?? 0, sorted.at(-1) ?? 0]
  const short = (day: number) => WEEKDAYS[day]?.slice(0, 3) ?? '?'
  if (sorted.length > 2 && last - first === sorted.length - 1) return `${short(first)}–${short(last)}`
  return sorted.map(short).join(', ')
}
