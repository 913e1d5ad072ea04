import { hoursMinutes, shortDate, type Column } from '@punctual/portal-kit'
import { Link } from 'react-router'
import type { AttendanceRecord } from '../../api/attendance.ts'
import { EstimatedChip, StateChip, stateWords, StatusChip } from '../../attendanceWords.tsx'
import { Minutes, Time } from './Time.tsx'

/** The columns of every list of records. `hrefOf` leads to the explanation of one. */
export function recordColumns(hrefOf: (id: string) => string): Column<AttendanceRecord>[] {
  return [
    {
      key: 'work_date',
      title: 'Day',
      card: 'main',
      csv: (record) => record.work_date,
      render: (record) => (
        <span className="number" title={`${record.work_date} ${record.zone}`}>
          {shortDate(record.work_date)}
        </span>
      ),
    },
    {
      key: 'name',
      title: 'Name',
      card: 'title',
      csv: (record) => record.staff_name,
      render: (record) => (
        <span className="two-lines">
          <Link to={`/staff/${record.staff_id}`}>{record.staff_name}</Link>
          {record.department && <span>{record.department}</span>}
        </span>
      ),
    },
    {
      key: 'employee_id',
      title: 'Employee number',
      optional: true,
      csv: (record) => record.employee_id,
      render: (record) => <span className="number">{record.employee_id}</span>,
    },
    {
      key: 'department',
      title: 'Department',
      optional: true,
      csv: (record) => record.department,
      render: (record) => record.department ?? '–',
    },
    {
      key: 'status',
      title: 'Status',
      card: 'main',
      csv: (record) => record.status,
      render: (record) => (
        <span className="flags">
          <StatusChip status={record.status} />
          {record.estimated && <EstimatedChip />}
        </span>
      ),
    },
    {
      key: 'shift',
      title: 'Shift',
      csv: (record) => record.shifts?.join(' '),
      render: (record) => record.shifts?.join(', ') || <span className="muted">–</span>,
    },
    {
      key: 'in',
      title: 'In',
      align: 'right',
      csv: (record) => record.first_in_local,
      render: (record) => <Time text={record.first_in_local} zone={record.zone} />,
    },
    {
      key: 'out',
      title: 'Out',
      align: 'right',
      csv: (record) => record.last_out_local,
      render: (record) => <Time text={record.last_out_local} zone={record.zone} />,
    },
    {
      key: 'worked',
      title: 'Worked',
      align: 'right',
      card: 'main',
      csv: (record) => hoursMinutes(record.worked_minutes),
      render: (record) => <span className="number">{hoursMinutes(record.worked_minutes)}</span>,
    },
    {
      key: 'late',
      title: 'Late',
      align: 'right',
      csv: (record) => record.late_minutes,
      render: (record) => <Minutes of={record.late_minutes} tone="warn" />,
    },
    {
      key: 'early',
      title: 'Left early',
      align: 'right',
      optional: true,
      csv: (record) => record.early_minutes,
      render: (record) => <Minutes of={record.early_minutes} tone="warn" />,
    },
    {
      key: 'overtime',
      title: 'Overtime',
      align: 'right',
      csv: (record) => record.overtime_minutes,
      render: (record) => <Minutes of={record.overtime_minutes} />,
    },
    {
      key: 'breaks',
      title: 'Breaks',
      align: 'right',
      optional: true,
      csv: (record) => record.break_minutes,
      render: (record) => <Minutes of={record.break_minutes} />,
    },
    {
      key: 'expected',
      title: 'Expected',
      align: 'right',
      optional: true,
      csv: (record) => record.expected_minutes,
      render: (record) => <Minutes of={record.expected_minutes} />,
    },
    {
      key: 'anomalies',
      title: 'Anomalies',
      align: 'right',
      csv: (record) => record.anomalies,
      render: (record) =>
        record.anomalies ? (
          <Link className="number tone-warn" to={hrefOf(record.id)}>
            {record.anomalies}
          </Link>
        ) : (
          <span className="muted">–</span>
        ),
    },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      csv: (record) => (record.state ? stateWords(record.state) : ''),
      render: (record) => (record.state ? <StateChip state={record.state} /> : <span className="muted">–</span>),
    },
    {
      key: 'punches',
      title: 'Punches',
      align: 'right',
      optional: true,
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
    {
      key: 'why',
      title: 'Why',
      card: 'main',
      render: (record) => (
        <Link
          className="nowrap"
          to={hrefOf(record.id)}
          aria-label={`Why? ${record.staff_name}, ${shortDate(record.work_date)}`}
        >
          Why?
        </Link>
      ),
    },
  ]
}
