import { api, type Option, type Page } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { RULE_SETS, SHIFTS, SITES } from '../../api/paths.ts'
import type { RuleSet, Shift, Site } from '../../api/schedules.ts'

const ALL = 200

function useAll<T>(path: string) {
  return useQuery({
    queryKey: ['list', path, 'all'],
    queryFn: async ({ signal }) => (await api.get<Page<T>>(path, { limit: ALL }, signal)).items,
    staleTime: 30_000,
  })
}

/** Short lists that other forms choose from. */
export const useShifts = () => useAll<Shift>(SHIFTS)
export const useRuleSets = () => useAll<RuleSet>(RULE_SETS)
export const useSites = () => useAll<Site>(SITES)

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
