import { ConfirmButton, dayWords, EmptyState, ErrorPanel, Panel, readPage } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, list } from '../../api/client.ts'
import type { Assignment } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { AssignmentForm } from './AssignmentForm.tsx'
import { weekdayWords } from './lists.ts'

/** "DAY", or "DAY, DAY, –, NIGHT (4 days in turn)". */
function rotationWords({ rotation, weekdays }: Assignment): string {
  const days = weekdays && weekdays.length < 7 ? `, ${weekdayWords(weekdays)}` : ''
  if (rotation.length === 1) return `${rotation[0] ?? 'Free'}${days}`
  return `${rotation.map((code) => code ?? 'free').join(' · ')} (${rotation.length} days in turn)${days}`
}

const datesOf = ({ starts_on, ends_on }: Assignment) =>
  ends_on ? `${dayWords(starts_on)} – ${dayWords(ends_on)}` : `from ${dayWords(starts_on)}`

/** Which shifts a person works, from when to when. */
export function Assignments({ staffId, name }: { staffId: string; name: string }) {
  const can = useCan()
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const path = list('/api/staff/{staff_id}/assignments', { staff_id: staffId })
  const query = useQuery({
    queryKey: ['list', path],
    queryFn: ({ signal }) => readPage(path, { limit: 100 }, signal),
  })
  const mayChange = can('attendance:update')
  const remove = async (id: string) => {
    await api.delete('/api/assignments/{assignment_id}', { path: { assignment_id: id } })
    await client.invalidateQueries({ queryKey: ['list', path] })
  }
  const items = query.data?.items
  return (
    <Panel
      title="Schedule"
      flush
      extra={
        <span className="row-actions">
          <Link to={`/attendance?staff_id=${staffId}`}>Attendance records</Link>
          {mayChange && (
            <Button size="small" onClick={() => setAdding(true)}>
              Assign a shift
            </Button>
          )}
        </span>
      }
    >
      {query.isError && !items ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !items ? (
        <div className="panel-body">
          <Skeleton active title={false} paragraph={{ rows: 2 }} />
        </div>
      ) : items.length === 0 ? (
        <EmptyState title="No shift of their own" hint="The organisation's default shift counts, if there is one." />
      ) : (
        <ul className="approval-list">
          {items.map((assignment) => (
            <li key={assignment.id}>
              <span className="two-lines">
                <strong>{rotationWords(assignment)}</strong>
                <span>{datesOf(assignment)}</span>
              </span>
              {mayChange && (
                <ConfirmButton
                  size="small"
                  question="Remove this assignment?"
                  consequence="Days that are computed already stay as they are until somebody processes them again."
                  confirmLabel="Remove"
                  refusal="The assignment was not removed"
                  action={() => remove(assignment.id)}
                >
                  Remove
                </ConfirmButton>
              )}
            </li>
          ))}
        </ul>
      )}
      <AssignmentForm open={adding} staffId={staffId} name={name} onClose={() => setAdding(false)} />
    </Panel>
  )
}
