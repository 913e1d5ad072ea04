import { Chip, ErrorPanel, Facts, longDate, type Fact } from '@punctual/portal-kit'
import { Alert, Button, Drawer, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { traceOf, type RecordDetail } from '../../api/attendance.ts'
import { EstimatedChip, StateChip, stateMeans, StatusChip } from '../../attendanceWords.tsx'
import { useCan } from '../../session.ts'
import { CorrectForm } from './CorrectForm.tsx'
import { RecordActions } from './RecordActions.tsx'
import { RecordAnomalies, RecordCorrections, RecordHistory, SinceApproval } from './RecordAround.tsx'
import { RecordExplanation } from './RecordExplanation.tsx'
import { duration, Time } from './Time.tsx'
import { useOpenRecord, useRecord } from './useRecord.ts'

/** Fields that an older back end does not send are left out rather than shown as nothing. */
function factsOf(record: RecordDetail): Fact[] {
  const facts: Fact[] = [
    { label: 'In', value: <Time text={record.first_in_local} zone={record.zone} /> },
    { label: 'Out', value: <Time text={record.last_out_local} zone={record.zone} /> },
    { label: 'Worked', value: <strong className="number">{duration(record.worked_minutes)}</strong> },
  ]
  const add = (label: string, minutes: number | null | undefined, always = false) => {
    if (minutes !== undefined && minutes !== null && (always || minutes !== 0)) {
      facts.push({ label, value: <span className="number">{duration(minutes)}</span> })
    }
  }
  if (record.shifts) facts.unshift({ label: 'Shift', value: record.shifts.join(', ') || 'None' })
  add('Expected', record.expected_minutes, true)
  add('Breaks', record.break_minutes)
  add('Late', record.late_minutes)
  add('Left early', record.early_minutes)
  add('Overtime', record.overtime_minutes)
  return facts
}

function RecordBody({ record }: { record: RecordDetail }) {
  const trace = traceOf(record)
  return (
    <div className="why">
      <div className="why-head">
        <div className="flags">
          <StatusChip status={record.status} />
          {record.state && <StateChip state={record.state} />}
          {record.estimated && <EstimatedChip />}
          {record.manual && <Chip tone="note">Set by hand</Chip>}
          {record.conflict && <Chip tone="bad">Punches contradict it</Chip>}
        </div>
        {record.state && <p className="muted">{stateMeans(record.state)}</p>}
      </div>
      <Facts items={factsOf(record)} />
      {trace ? (
        <RecordExplanation record={record} trace={trace} />
      ) : (
        <Alert
          type="info"
          title="This record was computed before explanations were kept"
          description="“Process again” computes the day from its punches and explains it line by line."
        />
      )}
      <SinceApproval difference={record.difference} />
      <RecordAnomalies anomalies={record.anomalies} />
      <RecordCorrections corrections={record.corrections} zone={record.zone} />
      <RecordHistory entries={record.history} />
    </div>
  )
}

/** "Why?": everything that made one record what it is, and the way to correct it. */
export function RecordDrawer() {
  const can = useCan()
  const { id, close } = useOpenRecord()
  const query = useRecord(id)
  const [correcting, setCorrecting] = useState(false)
  const record = query.data
  return (
    <Drawer
      open={id !== null}
      onClose={close}
      size={720}
      title={
        record ? (
          <span className="two-lines">
            <Link to={`/staff/${record.staff_id}`}>{record.staff_name}</Link>
            <span>
              {longDate(record.work_date)} · <span className="zone">{record.zone}</span>
            </span>
          </span>
        ) : (
          'Attendance record'
        )
      }
      footer={
        record && (
          <div className="form-footer">
            <RecordActions record={record} />
            {can('attendance:update') && record.state !== 'locked' && (
              <Button type="primary" onClick={() => setCorrecting(true)}>
                Correct
              </Button>
            )}
          </div>
        )
      }
    >
      {record ? (
        <RecordBody record={record} />
      ) : query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton active paragraph={{ rows: 10 }} />
      )}
      {record && <CorrectForm open={correcting} record={record} onClose={() => setCorrecting(false)} />}
    </Drawer>
  )
}
