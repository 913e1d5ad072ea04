import {
  Age,
  api,
  ConfirmButton,
  EmptyState,
  ErrorPanel,
  Facts,
  Instant,
  PageHeader,
  Panel,
  Chip,
  shortDate,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { STAFF, staffKey } from '../api/paths.ts'
import type { Enrollment, Staff } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { EnrollmentChip, OnDeviceChip } from '../words.tsx'
import { EnrollForm } from './EnrollForm.tsx'
import { RecentPunches } from './RecentPunches.tsx'
import { Assignments } from './schedules/Assignments.tsx'
import { StaffForm } from './StaffForm.tsx'

const POLL_WHILE_PENDING_MS = 3_000

function Enrollments({ items }: { items: Enrollment[] }) {
  if (items.length === 0) {
    return <EmptyState title="On no clock yet" hint="Enrol this person on a clock to let them punch there." />
  }
  return (
    <ul className="strip">
      {items.map((item) => (
        <li key={item.device_id}>
          <div className="strip-line">
            <Link to={`/devices/${item.device_id}`}>{item.device_name}</Link>
            <OnDeviceChip status={item.status} />
          </div>
          <div className="strip-why">
            <span>
              PIN {item.pin}
              {item.message ? ` · ${item.message}` : ''}
            </span>
            <Age at={item.confirmed_at} never="not confirmed" />
          </div>
        </li>
      ))}
    </ul>
  )
}

export default function StaffDetailPage() {
  const { id = '' } = useParams()
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [editing, setEditing] = useState(false)
  const [enrolling, setEnrolling] = useState(false)
  const query = useQuery({
    queryKey: staffKey(id),
    queryFn: ({ signal }) => api.get<Staff>(`${STAFF}/${id}`, undefined, signal),
    refetchInterval: ({ state }) =>
      state.data?.enrollments?.some((item) => item.status === 'pending' || item.status === 'removing')
        ? POLL_WHILE_PENDING_MS
        : false,
  })
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'punch' && message.punch.staff_id === id)) {
      void client.invalidateQueries({ queryKey: staffKey(id) })
    }
  })
  const staff = query.data
  if (!staff) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 8 }} />
  }
  const remove = async () => {
    await api.delete(`${STAFF}/${id}`)
    await navigate('/staff')
    client.removeQueries({ queryKey: staffKey(id) })
    await client.invalidateQueries()
  }
  return (
    <>
      <p className="crumb">
        <Link to="/staff">Staff</Link> / {staff.employee_id}
      </p>
      <PageHeader
        title={
          <>
            {staff.name} <EnrollmentChip status={staff.enrollment_status} />
            {!staff.active && <Chip tone="idle">Inactive</Chip>}
          </>
        }
        note={[staff.job_title, staff.department].filter(Boolean).join(', ') || undefined}
        actions={
          <>
            {can('staff:sync') && (
              <Button type="primary" onClick={() => setEnrolling(true)}>
                Enrol on clocks
              </Button>
            )}
            {can('staff:update') && <Button onClick={() => setEditing(true)}>Edit</Button>}
            {can('staff:delete') && (
              <ConfirmButton
                question={`Delete ${staff.name}?`}
                consequence="They are also removed from every clock. Somebody with attendance records cannot be deleted; make them inactive instead."
                confirmLabel="Delete"
                refusal={`${staff.name} was not deleted`}
                action={remove}
              >
                Delete
              </ConfirmButton>
            )}
          </>
        }
      />
      <div className="stack">
        <Panel title="Profile">
          <Facts
            items={[
              { label: 'Employee number', value: staff.employee_id },
              { label: 'Badge number', value: staff.badge_number },
              { label: 'E-mail', value: staff.email },
              { label: 'Phone', value: staff.phone },
              { label: 'Hired on', value: staff.hired_on ? `${shortDate(staff.hired_on)} ${staff.hired_on.slice(0, 4)}` : null },
              { label: 'Last punch', value: <Age at={staff.last_punch_at} /> },
              { label: 'Last changed', value: <Instant at={staff.updated_at} seconds={false} /> },
              { label: 'Notes', value: staff.notes },
            ]}
          />
        </Panel>
        <Assignments staffId={id} name={staff.name} />
        <div className="columns-2">
          <Panel
            title="On the clocks"
            flush
            extra={
              <span className="muted">
                {staff.devices_enrolled} of {staff.devices_assigned} confirmed
              </span>
            }
          >
            <Enrollments items={staff.enrollments ?? []} />
          </Panel>
          <Panel title="Recent punches" flush extra={<Link to={`/punches?staff_id=${id}`}>All punches</Link>}>
            <RecentPunches by={{ staff_id: id }} />
          </Panel>
        </div>
      </div>
      <StaffForm open={editing} staff={staff} onClose={() => setEditing(false)} onSaved={() => setEditing(false)} />
      <EnrollForm open={enrolling} staff={staff} onClose={() => setEnrolling(false)} />
    </>
  )
}
