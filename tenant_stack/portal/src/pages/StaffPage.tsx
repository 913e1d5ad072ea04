import { Age, Chip, LinkButton, PageHeader, ResourceTable, type Column, type Filter } from '@punctual/portal-kit'
import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { list } from '../api/client.ts'
import { STAFF } from '../api/paths.ts'
import type { Staff } from '../api/types.ts'
import { useCan } from '../session.ts'
import { EnrollmentChip } from '../words.tsx'
import { StaffForm } from './StaffForm.tsx'
import { useAddFlag } from './useAddFlag.ts'

const FILTERS: Filter[] = [
  {
    kind: 'select',
    name: 'active',
    label: 'Active or not',
    width: 150,
    options: [
      { value: 'true', label: 'Active' },
      { value: 'false', label: 'Inactive' },
    ],
  },
]

const COLUMNS: Column<Staff>[] = [
  {
    key: 'name',
    title: 'Name',
    card: 'title',
    csv: (staff) => staff.name,
    render: (staff) => (
      <span className="two-lines">
        <Link to={`/staff/${staff.id}`}>{staff.name}</Link>
        {!staff.active && (
          <span>
            <Chip tone="idle">Inactive</Chip>
          </span>
        )}
      </span>
    ),
  },
  {
    key: 'employee_id',
    title: 'Employee number',
    card: 'main',
    csv: (staff) => staff.employee_id,
    render: (staff) => <span className="number">{staff.employee_id}</span>,
  },
  {
    key: 'department',
    title: 'Department',
    csv: (staff) => staff.department,
    render: (staff) => staff.department ?? '–',
  },
  {
    key: 'job_title',
    title: 'Job title',
    optional: true,
    csv: (staff) => staff.job_title,
    render: (staff) => staff.job_title ?? '–',
  },
  {
    key: 'badge_number',
    title: 'Badge',
    optional: true,
    csv: (staff) => staff.badge_number,
    render: (staff) => staff.badge_number ?? '–',
  },
  { key: 'email', title: 'E-mail', optional: true, csv: (staff) => staff.email, render: (staff) => staff.email ?? '–' },
  { key: 'phone', title: 'Phone', optional: true, csv: (staff) => staff.phone, render: (staff) => staff.phone ?? '–' },
  {
    key: 'enrollment',
    title: 'Enrolment',
    card: 'main',
    csv: (staff) => staff.enrollment_status,
    render: (staff) => <EnrollmentChip status={staff.enrollment_status} />,
  },
  {
    key: 'devices',
    title: 'Clocks',
    csv: (staff) => `${staff.devices_enrolled} of ${staff.devices_assigned}`,
    render: (staff) => (
      <span className="number">
        {staff.devices_enrolled} of {staff.devices_assigned}
      </span>
    ),
  },
  {
    key: 'last_punch',
    title: 'Last punch',
    card: 'main',
    csv: (staff) => staff.last_punch_at,
    render: (staff) => <Age at={staff.last_punch_at} />,
  },
]

export default function StaffPage() {
  const can = useCan()
  const navigate = useNavigate()
  const [adding, setAdding] = useAddFlag()
  const addButton = can('staff:create') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      Add a person
    </Button>
  )
  const importButton = can('staff:create') && can('staff:update') && (
    <LinkButton to="/staff/import">Import a file</LinkButton>
  )
  return (
    <>
      <PageHeader
        title="Staff"
        note="Everybody who punches, on whichever clock."
        actions={
          <>
            {importButton}
            {addButton}
          </>
        }
      />
      <ResourceTable<Staff>
        id="staff"
        label="Staff"
        path={list(STAFF)}
        rowKey={(staff) => staff.id}
        rowLink={(staff) => `/staff/${staff.id}`}
        columns={COLUMNS}
        filters={FILTERS}
        searchLabel="Name, number, badge or department"
        empty={{
          title: 'Nobody is on the roster yet',
          hint: 'Add the first person; then send them to a clock from their page.',
          action: addButton,
        }}
      />
      <StaffForm
        open={adding}
        onClose={() => setAdding(false)}
        onSaved={(staff) => void navigate(`/staff/${staff.id}`)}
      />
    </>
  )
}
