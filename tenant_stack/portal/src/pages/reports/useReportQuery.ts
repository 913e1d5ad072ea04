import { dateIn, useZone, type Option, type Query } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { api } from '../../api/client.ts'
import { REPORTS, type Catalogue, type ReportKind, type ReportRequest, type ReportSpan } from '../../api/reports.ts'

export function useCatalogue() {
  return useQuery({
    queryKey: ['report-catalogue'],
    queryFn: ({ signal }) => api.get(REPORTS, { signal }),
    staleTime: 60_000,
  })
}

/** Device groups to choose from; none when there are no groups, or they may not be read. */
export function useGroups() {
  return useQuery({
    queryKey: ['list', '/api/device-groups', 'all'],
    queryFn: async ({ signal }) => (await api.get('/api/device-groups', { query: { limit: 200 }, signal })).items,
    staleTime: 60_000,
    retry: false,
  })
}

const SPAN_OF: Record<ReportKind['span'], ReportSpan> = { day: 'today', month: 'this_month', range: 'last_7_days' }
const REMEMBERED = ['kind', 'span', 'from', 'to', 'site', 'department', 'group', 'staff', 'cells'] as const
export type Part = (typeof REMEMBERED)[number]

/** What the address says about a report, so that links and Back work. */
export function useReportAddress(kinds: ReportKind[] | undefined) {
  const [params, setParams] = useSearchParams()
  const zone = useZone()
  const part = (name: Part) => params.get(name)
  const kind = kinds?.find((each) => each.kind === part('kind')) ?? kinds?.[0]
  const from = part('from')
  const to = part('to')
  const byDates = part('span') === 'dates'
  const today = dateIn(zone)
  const span = byDates ? 'dates' : (part('span') ?? (kind ? SPAN_OF[kind.span] : 'today'))
  const change = (changes: Partial<Record<Part | 'run', string | null>>) =>
    setParams((current) => {
      const next = new URLSearchParams(current)
      for (const [name, value] of Object.entries(changes)) {
        if (value) next.set(name, value)
        else next.delete(name)
      }
      return next
    })
  const request: ReportRequest | null = kind
    ? {
        kind: kind.kind,
        ...(byDates ? { first: from ?? today, last: to ?? from ?? today } : { span: span as ReportSpan }),
        ...listed('site_ids', part('site')),
        ...listed('departments', part('department')),
        ...listed('group_ids', part('group')),
        ...listed('staff_ids', part('staff')),
        ...(kind.kind === 'monthly' && part('cells') === 'worked' && { cells: 'worked' as const }),
      }
    : null
  return { params, part, change, kind, span, today, request }
}

const listed = (name: string, value: string | null) => (value ? { [name]: [value] } : {})

/** The same request as the query of `GET /api/reports/KIND`. */
export function queryOf(request: ReportRequest): Query {
  return {
    span: request.span,
    from: request.first,
    to: request.last,
    site_id: request.site_ids?.[0],
    department: request.departments?.[0],
    group_id: request.group_ids?.[0],
    staff_id: request.staff_ids?.[0],
    cells: request.cells,
  }
}

export const spanOptions = (catalogue: Catalogue | undefined): Option[] =>
  Object.entries(catalogue?.spans ?? {}).map(([value, label]) => ({ value, label }))
