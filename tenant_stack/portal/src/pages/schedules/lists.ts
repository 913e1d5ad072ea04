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
