import { readPage, type ListPath, type Query } from '@punctual/portal-kit'
import { useQueries } from '@tanstack/react-query'
import { list } from '../../api/client.ts'
import type { RecordState } from '../../api/attendance.ts'
import { ANOMALIES, RECORDS } from '../../api/paths.ts'
import type { Span } from './usePeriods.ts'

export const TALLIED = ['open', 'submitted', 'reopened', 'approved', 'locked'] as const satisfies RecordState[]

/** How many records of a period are in each state, and how many anomalies wait; counted by the back end. Null: it cannot say. */
export function useTally(span: Span) {
  const days = { from: span.first, to: span.last, limit: 1 }
  const count = (path: ListPath<object>, query: Query) => ({
    queryKey: ['list', path, 'tally', span.first, span.last, query],
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await readPage(path, { ...days, ...query }, signal)).total,
    retry: false,
  })
  const answers = useQueries({
    queries: [...TALLIED.map((state) => count(list(RECORDS), { state })), count(list(ANOMALIES), { state: 'active' })],
  })
  const said = (index: number): number | null | undefined => (answers[index]?.isError ? null : answers[index]?.data)
  const states = Object.fromEntries(TALLIED.map((state, index) => [state, said(index)])) as Record<
    (typeof TALLIED)[number],
    number | null | undefined
  >
  return { states, warnings: said(TALLIED.length) }
}
