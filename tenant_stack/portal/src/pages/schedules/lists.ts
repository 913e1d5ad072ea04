import { readPage, type ListPath, type Option } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { list } from '../../api/client.ts'
import { RULE_SETS, SHIFTS, SITES } from '../../api/paths.ts'

const ALL = 200

function useAll<T>(path: ListPath<T>) {
  return useQuery({
    queryKey: ['list', path, 'all'],
    queryFn: async ({ signal }) => (await readPage(path, { limit: ALL }, signal)).items,
    staleTime: 30_000,
  })
}

/** Short lists that other forms choose from. */
export const useShifts = () => useAll(list(SHIFTS))
export const useRuleSets = () => useAll(list(RULE_SETS))
export const useSites = () => useAll(list(SITES))

export const codeOptions = (rows: { code: string; name: string }[] | undefined): Option[] =>
  (rows ?? []).map((row) => ({ value: row.code, label: `${row.name} (${row.code})` }))

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
