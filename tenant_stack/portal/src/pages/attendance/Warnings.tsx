import { effectOf, ErrorPanel, listKey, Panel, shortDate } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import type { Anomaly, Delta } from '../../api/attendance.ts'
import { ANOMALIES, CORRECTIONS, DELTAS } from '../../api/paths.ts'
import { kindWords, SeverityChip } from '../../attendanceWords.tsx'
import { spoken } from '../../words.tsx'
import { useCan } from '../../session.ts'
import { CorrectionDecision } from './CorrectionDecision.tsx'
import { changeWords } from './RecordAround.tsx'
import { ResolveForm } from './ResolveForm.tsx'
import type { Span } from './usePeriods.ts'

const SHOWN = 5
const RANK = { high: 0, medium: 1, low: 2, info: 3 } as const

/** Where the record behind an anomaly is explained. */
export function whyOf(anomaly: Anomaly): string {
  const days = `staff_id=${anomaly.staff_id}&from=${anomaly.work_date}&to=${anomaly.work_date}`
  return `/attendance?${days}${anomaly.record_id ? `&record=${anomaly.record_id}` : ''}`
}

/** What somebody must look at before the period is approved; the worst first. */
export function Warnings({ span }: { span: Span }) {
  const can = useCan()
  const [resolving, setResolving] = useState<Anomaly | null>(null)
  const query = useQuery({
    queryKey: [...listKey(ANOMALIES), 'warnings', span.first, span.last],
    queryFn: ({ signal }) =>
      api.get(ANOMALIES, { query: { from: span.first, to: span.last, state: 'active', limit: 100 }, signal }),
  })
  if (query.isError && !query.data) {
    return (
      <Panel title="Look at these first" flush>
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      </Panel>
    )
  }
  if (!query.data || query.data.items.length === 0) return null
  const { items, total } = query.data
  const worst = items.toSorted((one, other) => RANK[one.severity] - RANK[other.severity]).slice(0, SHOWN)
  return (
    <Panel
      className="approval"
      title={<span id="warnings">Look at these first</span>}
      flush
      extra={
        <Link to={`/attendance/anomalies?from=${span.first}&to=${span.last}&state=active`}>
          All {total.toLocaleString('en')} of this period
        </Link>
      }
    >
      <ul className="approval-list">
        {worst.map((anomaly) => (
          <li key={anomaly.id}>
            <span className="two-lines">
              <span>
                <SeverityChip severity={anomaly.severity} /> <strong>{kindWords(anomaly.kind)}</strong>
              </span>
              <span>
                {anomaly.staff_name && `${anomaly.staff_name}, `}
                {shortDate(anomaly.work_date)} – {anomaly.text}
              </span>
            </span>
            <span className="actions">
              <Link
                className="why-link"
                to={whyOf(anomaly)}
                aria-label={`Why? ${anomaly.staff_name ?? ''}, ${shortDate(anomaly.work_date)}`}
              >
                Why?
              </Link>
              {can('attendance:update') && (
                <Button size="small" onClick={() => setResolving(anomaly)}>
                  Resolve
                </Button>
              )}
            </span>
          </li>
        ))}
      </ul>
      <ResolveForm anomaly={resolving} onClose={() => setResolving(null)} />
    </Panel>
  )
}

/** Corrections that somebody asked for and nobody has decided. */
export function ProposedCorrections() {
  const query = useQuery({
    queryKey: [...listKey(CORRECTIONS), 'proposed'],
    queryFn: ({ signal }) => api.get(CORRECTIONS, { query: { state: 'proposed', limit: 50 }, signal }),
  })
  const items = (query.data?.items ?? []).filter((correction) => correction.state === 'proposed')
  if (items.length === 0) return null
  return (
    <Panel className="approval" title={`Corrections to decide (${items.length})`} flush>
      <ul className="approval-list">
        {items.map((correction) => (
          <li key={correction.id}>
            <span className="two-lines">
              <strong>{changeWords(correction.changes)}</strong>
              <span>
                {correction.staff_name && `${correction.staff_name}, `}
                {shortDate(correction.work_date)} – “{correction.reason}”
                {correction.requested_by && `, asked by ${correction.requested_by}`}
              </span>
            </span>
            <CorrectionDecision correction={correction} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

const secondsOf = (delta: Delta) =>
  Object.entries(delta.figures)
    .filter(([name]) => ['worked', 'overtime', 'late', 'early'].includes(name))
    .map(([name, seconds]) => `${spoken(name)} ${effectOf(seconds)}`)
    .join(', ') || 'Parts of the day'

/** What came in after a period was closed: the closed days stay, the difference is paid later. */
export function LateDifferences() {
  const query = useQuery({
    queryKey: [...listKey(DELTAS), 'latest'],
    queryFn: ({ signal }) => api.get(DELTAS, { query: { limit: 20 }, signal }),
  })
  if (!query.data || query.data.items.length === 0) return null
  return (
    <Panel title={`Differences of closed days (${query.data.total.toLocaleString('en')})`} flush>
      <ul className="approval-list">
        {query.data.items.map((delta) => (
          <li key={delta.id}>
            <span className="two-lines">
              <strong>{secondsOf(delta)}</strong>
              <span>
                {delta.staff_name}, {shortDate(delta.work_date)} – {spoken(delta.reason)}
              </span>
            </span>
            <span className="muted">{delta.period_id ? 'in a later period' : 'in the next period'}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
