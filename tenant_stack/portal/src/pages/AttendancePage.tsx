import {
  dateIn,
  hoursMinutes,
  listKey,
  PageHeader,
  ResourceTable,
  shortDate,
  useZone,
  type Column,
  type Filter,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { findStaff, RECORDS, staffName } from '../api/paths.ts'
import type { AttendanceRecord } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { RECORD_OPTIONS, RecordChip } from '../words.tsx'
import { ProcessForm } from './ProcessForm.tsx'

/** Changes are gathered this long, so that a re-computation of a month does not reload the list a thousand times. */
const GATHER_MS = 2_000

const wall = (time: string | null) => (time ? <span className="number">{time}</span> : <span className="muted">–</span>)

const COLUMNS: Column<AttendanceRecord>[] = [
  {
    key: 'work_date',
    title: 'Day',
    card: 'main',
    csv: (record) => record.work_date,
    render: (record) => (
      <span className="number" title={`${record.work_date} ${record.zone}`}>
        {shortDate(record.work_date)} <span className="zone">{record.zone}</span>
      </span>
    ),
  },
  {
    key: 'name',
    title: 'Name',
    card: 'title',
    csv: (record) => record.staff_name,
    render: (record) => <Link to={`/staff/${record.staff_id}`}>{record.staff_name}</Link>,
  },
  {
    key: 'employee_id',
    title: 'Employee number',
    csv: (record) => record.employee_id,
    render: (record) => <span className="number">{record.employee_id}</span>,
  },
  {
    key: 'department',
    title: 'Department',
    csv: (record) => record.department,
    render: (record) => record.department ?? '–',
  },
  {
    key: 'status',
    title: 'Status',
    card: 'main',
    csv: (record) => record.status,
    render: (record) => <RecordChip status={record.status} />,
  },
  { key: 'in', title: 'In', align: 'right', csv: (record) => record.first_in_local, render: (record) => wall(record.first_in_local) },
  { key: 'out', title: 'Out', align: 'right', csv: (record) => record.last_out_local, render: (record) => wall(record.last_out_local) },
  {
    key: 'worked',
    title: 'Worked',
    align: 'right',
    card: 'main',
    csv: (record) => hoursMinutes(record.worked_minutes),
    render: (record) => <span className="number">{hoursMinutes(record.worked_minutes)}</span>,
  },
  {
    key: 'punches',
    title: 'Punches',
    align: 'right',
    csv: (record) => record.punch_count,
    render: (record) => (
      <Link
        className="number"
        to={`/punches?staff_id=${record.staff_id}&from=${record.work_date}&to=${record.work_date}`}
      >
        {record.punch_count}
      </Link>
    ),
  },
  { key: 'zone', title: 'Zone', optional: true, csv: (record) => record.zone, render: (record) => record.zone },
]

export default function AttendancePage() {
  const can = useCan()
  const client = useQueryClient()
  const zone = useZone()
  const [params] = useSearchParams()
  const [processing, setProcessing] = useState(false)
  const gather = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(gather.current), [])
  const today = dateIn(zone)
  const filters = useMemo<Filter[]>(
    () => [
      { kind: 'dates', from: 'from', to: 'to', label: 'Days', today },
      { kind: 'lookup', name: 'staff_id', label: 'Person', search: findStaff, nameOf: staffName },
      { kind: 'select', name: 'status', label: 'Any status', options: RECORD_OPTIONS },
    ],
    [today],
  )
  useLiveMessages((messages) => {
    if (!messages.some((message) => message.type === 'record')) return
    gather.current ??= setTimeout(() => {
      gather.current = undefined
      void client.invalidateQueries({ queryKey: listKey(RECORDS) })
    }, GATHER_MS)
  })
  return (
    <>
      <PageHeader
        title="Attendance"
        note="One record for each person and day, computed from the punches."
        actions={can('attendance:update') && <Button onClick={() => setProcessing(true)}>Process again</Button>}
      />
      <ResourceTable<AttendanceRecord>
        id="attendance"
        label="Attendance records"
        path={RECORDS}
        rowKey={(record) => record.id}
        columns={COLUMNS}
        filters={filters}
        empty={{
          title: 'No attendance records yet',
          hint: 'They are computed from punches within seconds. Punches of unknown PINs make no record.',
        }}
      />
      <ProcessForm
        open={processing}
        from={params.get('from') ?? today}
        to={params.get('to') ?? today}
        onClose={() => setProcessing(false)}
      />
    </>
  )
}
