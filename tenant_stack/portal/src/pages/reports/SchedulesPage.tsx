import { Chip, ConfirmButton, Instant, listKey, ResourceTable, type Column } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { api, list } from '../../api/client.ts'
import { REPORT_SCHEDULES, type Catalogue, type ReportSchedule } from '../../api/reports.ts'
import { useCan } from '../../session.ts'
import { WEEKDAYS } from '../schedules/lists.ts'
import { ReportTabs } from './ReportTabs.tsx'
import { ScheduleForm } from './ScheduleForm.tsx'
import { useCatalogue } from './useReportQuery.ts'

function whenWords(schedule: ReportSchedule): string {
  const on =
    schedule.every === 'week'
      ? `every ${WEEKDAYS[schedule.weekday ?? 0] ?? ''}`
      : schedule.every === 'month'
        ? `every month on day ${schedule.day ?? 1}`
        : 'every day'
  return `${on} at ${schedule.at} ${schedule.zone}`
}

function reportWords(schedule: ReportSchedule, catalogue: Catalogue | undefined): string {
  const { kind, shape, span } = schedule.report
  const title = shape?.title || catalogue?.kinds.find((each) => each.kind === kind)?.title || kind
  return `${title}, ${(catalogue?.spans[span ?? ''] ?? '').toLowerCase()}, ${schedule.format.toUpperCase()}`
}

function LastTime({ schedule }: { schedule: ReportSchedule }) {
  if (!schedule.last_state) return <span className="muted">not yet</span>
  if (schedule.last_state === 'sent') return <Chip tone="ok">Sent</Chip>
  if (schedule.last_state === 'pending') return <Chip tone="busy">On its way</Chip>
  return (
    <span className="two-lines">
      <Chip tone="bad">Not sent</Chip>
      <span>{schedule.last_message}</span>
    </span>
  )
}

type Change = { edit: (schedule: ReportSchedule) => void; remove: (schedule: ReportSchedule) => Promise<void> }

function columnsOf(catalogue: Catalogue | undefined, change: Change | null): Column<ReportSchedule>[] {
  return [
    {
      key: 'name',
      title: 'Name',
      card: 'title',
      csv: (schedule) => schedule.name,
      render: (schedule) => (
        <span className="two-lines">
          <strong>{schedule.name}</strong>
          <span>{reportWords(schedule, catalogue)}</span>
        </span>
      ),
    },
    { key: 'when', title: 'When', card: 'main', csv: whenWords, render: whenWords },
    {
      key: 'to',
      title: 'To',
      card: 'main',
      csv: (schedule) => schedule.recipients.join(' '),
      render: (schedule) => <span className="report-text">{schedule.recipients.join(', ')}</span>,
    },
    {
      key: 'next',
      title: 'Next',
      csv: (schedule) => schedule.next_at,
      render: (schedule) =>
        schedule.active ? (
          <Instant at={schedule.next_at} zone={schedule.zone} seconds={false} />
        ) : (
          <Chip tone="idle">Off</Chip>
        ),
    },
    {
      key: 'last',
      title: 'Last time',
      card: 'main',
      csv: (schedule) => schedule.last_state,
      render: (schedule) => <LastTime schedule={schedule} />,
    },
    ...(change
      ? [
          {
            key: 'actions',
            title: '',
            card: 'main' as const,
            render: (schedule: ReportSchedule) => (
              <span className="row-actions">
                <Button size="small" onClick={() => change.edit(schedule)} aria-label={`Edit ${schedule.name}`}>
                  Edit
                </Button>
                <ConfirmButton
                  size="small"
                  question={`Stop sending ${schedule.name}?`}
                  consequence="The schedule is removed. Files that were made stay until they expire."
                  confirmLabel="Stop sending"
                  refusal="The schedule was not removed"
                  action={() => change.remove(schedule)}
                  aria-label={`Remove ${schedule.name}`}
                >
                  Remove
                </ConfirmButton>
              </span>
            ),
          },
        ]
      : []),
  ]
}

export default function SchedulesPage() {
  const can = useCan()
  const client = useQueryClient()
  const catalogue = useCatalogue()
  const [editing, setEditing] = useState<ReportSchedule | 'new' | null>(null)
  const mayChange = can('reports:create') && can('reports:export')
  const columns = useMemo(() => {
    const remove = async (schedule: ReportSchedule) => {
      await api.delete('/api/reports/schedules/{schedule_id}', { path: { schedule_id: schedule.id } })
      await client.invalidateQueries({ queryKey: listKey(REPORT_SCHEDULES) })
    }
    return columnsOf(catalogue.data, mayChange ? { edit: setEditing, remove } : null)
  }, [catalogue.data, mayChange, client])
  const chosen = editing === 'new' ? null : editing
  const add = (
    <Button type="primary" onClick={() => setEditing('new')}>
      New schedule
    </Button>
  )
  return (
    <>
      <ReportTabs actions={mayChange && add} />
      <ResourceTable<ReportSchedule>
        id="report-schedules"
        label="Schedules"
        path={list(REPORT_SCHEDULES)}
        rowKey={(schedule) => schedule.id}
        columns={columns}
        pollMs={15_000}
        empty={{
          title: 'Nothing is sent yet',
          hint: 'A schedule makes a report at a time you choose and sends it by e-mail.',
          ...(mayChange && { action: add }),
        }}
      />
      <ScheduleForm
        key={chosen?.id ?? 'new'}
        open={editing !== null}
        schedule={chosen}
        onClose={() => setEditing(null)}
      />
    </>
  )
}
