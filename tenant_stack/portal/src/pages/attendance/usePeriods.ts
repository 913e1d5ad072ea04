import { dateIn, derivedSpans, monthOf, spanWords, useZone } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { api } from '../../api/client.ts'
import type { Period } from '../../api/attendance.ts'
import { PERIODS, SETTINGS } from '../../api/paths.ts'

/** A span of days that is approved together; `stored` once the back end knows it. */
export type Span = { first: string; last: string; stored: Period | null }

/** The period being approved: from the address, else the current one. */
export function usePeriods() {
  const today = dateIn(useZone())
  const [params, setParams] = useSearchParams()
  const periods = useQuery({
    queryKey: ['periods'],
    queryFn: ({ signal }) => api.get(PERIODS, { query: { limit: 50 }, signal }),
  })
  const settings = useQuery({
    queryKey: ['attendance-settings'],
    queryFn: ({ signal }) => api.get(SETTINGS, { signal }),
    staleTime: 60_000,
  })
  const stored = periods.data?.items ?? []
  const spans: Span[] = stored.map((period) => ({ first: period.starts_on, last: period.ends_on, stored: period }))
  for (const span of derivedSpans(today, settings.data?.period)) {
    const overlaps = stored.some((period) => period.starts_on <= span.last && span.first <= period.ends_on)
    if (!overlaps) spans.push({ ...span, stored: null })
  }
  spans.sort((one, other) => other.first.localeCompare(one.first))
  const from = params.get('from')
  const to = params.get('to')
  const chosen = spans.find((span) => span.first === from && span.last === to) ??
    (from && to ? { first: from, last: to, stored: null } : undefined) ??
    spans.find((span) => span.first <= today && today <= span.last) ??
    spans[0] ?? { ...monthOf(today), stored: null }
  const choose = (key: string) => {
    const [first = '', last = ''] = key.split('/')
    setParams({ from: first, to: last })
  }
  const keyOf = (span: Span) => `${span.first}/${span.last}`
  const options = spans.map((span) => ({
    value: keyOf(span),
    label: `${spanWords(span.first, span.last)}${span.stored?.state === 'locked' ? ' – locked' : ''}`,
  }))
  if (!options.some((option) => option.value === keyOf(chosen))) {
    options.unshift({ value: keyOf(chosen), label: spanWords(chosen.first, chosen.last) })
  }
  return { span: chosen, key: keyOf(chosen), options, choose, error: periods.error }
}
