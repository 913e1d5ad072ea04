import { dateIn, listKey, PageHeader, ResourceTable, useZone, type Filter } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { list } from '../api/client.ts'
import { findStaff, RECORDS, staffName } from '../api/paths.ts'
import type { AttendanceRecord } from '../api/attendance.ts'
import { ANOMALY_OPTIONS, STATE_OPTIONS, STATUS_OPTIONS } from '../attendanceWords.tsx'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { recordColumns } from './attendance/recordColumns.tsx'
import { RecordDrawer } from './attendance/RecordDrawer.tsx'
import { RunProgress } from './attendance/RunProgress.tsx'
import { useOpenRecord } from './attendance/useRecord.ts'
import { ProcessForm } from './ProcessForm.tsx'

/** Changes are gathered this long, so that a re-computation of a month does not reload the list a thousand times. */
const GATHER_MS = 2_000

export default function AttendancePage() {
  const can = useCan()
  const client = useQueryClient()
  const zone = useZone()
  const [params, setParams] = useSearchParams()
  const [processing, setProcessing] = useState(false)
  const gather = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(gather.current), [])
  const today = dateIn(zone)
  const { hrefOf } = useOpenRecord()
  const setRun = (id: string | null) =>
    setParams(
      (current) => {
        const next = new URLSearchParams(current)
        if (id) next.set('run', id)
        else next.delete('run')
        return next
      },
      { replace: true },
    )
  const columns = recordColumns(hrefOf)
  const filters = useMemo<Filter[]>(
    () => [
      { kind: 'dates', from: 'from', to: 'to', label: 'Days', today },
      { kind: 'lookup', name: 'staff_id', label: 'Person', search: findStaff, nameOf: staffName, width: 170 },
      { kind: 'select', name: 'status', label: 'Any status', options: STATUS_OPTIONS, width: 150 },
      { kind: 'select', name: 'state', label: 'Any state', options: STATE_OPTIONS, width: 125 },
      { kind: 'select', name: 'anomaly', label: 'Any anomaly', options: ANOMALY_OPTIONS, width: 170 },
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
        title="Attendance records"
        note="One record for each person and day, computed from the punches. “Why?” shows how."
        actions={can('attendance:update') && <Button onClick={() => setProcessing(true)}>Process again</Button>}
      />
      {params.get('run') && <RunProgress id={params.get('run') ?? ''} onClose={() => setRun(null)} />}
      <ResourceTable<AttendanceRecord>
        id="attendance"
        label="Attendance records"
        path={list(RECORDS)}
        rowKey={(record) => record.id}
        rowLink={(record) => hrefOf(record.id)}
        columns={columns}
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
        onStarted={setRun}
      />
      <RecordDrawer />
    </>
  )
}
