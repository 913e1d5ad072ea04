import {
  Age,
  ConfirmButton,
  EmptyState,
  ErrorPanel,
  Facts,
  Instant,
  PageHeader,
  Panel,
  Chip,
  shortDate,
  useAction,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { api } from '../api/client.ts'
import { staffKey } from '../api/paths.ts'
import type { Enrollment, Staff, StaffDetail } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { EnrollmentChip, OnDeviceChip } from '../words.tsx'
import { BiometricsPanel } from './biometrics/BiometricsPanel.tsx'
import { EnrollForm } from './EnrollForm.tsx'
import { RecentPunches } from './RecentPunches.tsx'
import { Assignments } from './schedules/Assignments.tsx'
import { StaffForm } from './StaffForm.tsx'

const POLL_WHILE_PENDING_MS = 3_000

const ORIGINS: Record<string, string> = {
  matched_badge: 'known by the badge number',
  matched_employee_id: 'known by the employee number',
  matched_device: 'known from another clock',
  adopted: 'recognised by a person',
  reported: 'reported by the clock',
}

/** Who put this person there, in words. */
function whyThere(item: Enrollment): string {
  if (item.by_group) return item.by_hand ? 'by a group and by hand' : 'by a group'
  return item.by_hand ? 'by hand' : (ORIGINS[item.origin] ?? 'found on the clock')
}

function EnrollmentActions({ staff, item }: { staff: Staff; item: Enrollment }) {
  const client = useQueryClient()
  const { busy, run } = useAction()
  const again = async () => {
    const asked = () =>
      api.post('/api/staff/{staff_id}/enroll', {
        path: { staff_id: staff.id },
        body: { device_ids: [item.device_id], pin: item.pin },
      })
    if (await run('The clock was not asked again', asked))
      await client.invalidateQueries({ queryKey: staffKey(staff.id) })
  }
  const leave = async () => {
    await api.delete('/api/staff/{staff_id}/enrollments/{enrollment_id}', {
      path: { staff_id: staff.id, enrollment_id: item.id },
    })
    await client.invalidateQueries({ queryKey: staffKey(staff.id) })
  }
  return (
    <span className="row-actions">
      {item.status === 'failed' && (
        <Button
          size="small"
          loading={busy}
          aria-label={`Send to ${item.device_name} again`}
          onClick={() => void again()}
        >
          Send again
        </Button>
      )}
      {!item.by_group && item.status !== 'removing' && (
        <ConfirmButton
          size="small"
          question={`Take ${staff.name} off ${item.device_name}?`}
          consequence="They can no longer punch there. What they punched stays."
          confirmLabel="Take off"
          refusal={`${staff.name} was not taken off`}
          action={leave}
          aria-label={`Take off ${item.device_name}`}
        >
          Take off
        </ConfirmButton>
      )}
    </span>
  )
}

function Enrollments({ staff }: { staff: StaffDetail }) {
  const can = useCan()
  const items = staff.enrollments
  if (items.length === 0) {
    return <EmptyState title="On no clock yet" hint="Enrol this person on a clock to let them punch there." />
  }
  return (
    <ul className="strip">
      {items.map((item) => (
        <li key={item.id}>
          <div className="strip-line">
            <Link to={`/devices/${item.device_id}`}>{item.device_name}</Link>
            <OnDeviceChip status={item.status} />
          </div>
          <div className="strip-why">
            <span>
              PIN {item.pin}, {whyThere(item)}
              {item.reported_name && item.reported_name !== staff.name ? `, shown as ${item.reported_name}` : ''}
              {item.message ? ` · ${item.message}` : ''}
              {item.retry_at && (
                <>
                  {' · sent again by itself '}
                  <Instant at={item.retry_at} seconds={false} />
                </>
              )}
            </span>
            <Age at={item.confirmed_at} never="not confirmed" />
          </div>
          {can('staff:sync') && <EnrollmentActions staff={staff} item={item} />}
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
    queryFn: ({ signal }) => api.get('/api/staff/{staff_id}', { path: { staff_id: id }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.enrollments.some((item) => item.status === 'pending' || item.status === 'removing')
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
    await api.delete('/api/staff/{staff_id}', { path: { staff_id: id } })
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
              { label: 'Card on clocks', value: staff.card_number },
              { label: 'E-mail', value: staff.email },
              { label: 'Phone', value: staff.phone },
              {
                label: 'Hired on',
                value: staff.hired_on ? `${shortDate(staff.hired_on)} ${staff.hired_on.slice(0, 4)}` : null,
              },
              { label: 'Last punch', value: <Age at={staff.last_punch_at} /> },
              { label: 'Last changed', value: <Instant at={staff.updated_at} seconds={false} /> },
              { label: 'Notes', value: staff.notes },
            ]}
          />
        </Panel>
        <Assignments staffId={id} name={staff.name} />
        <BiometricsPanel staff={staff} />
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
            <Enrollments staff={staff} />
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
