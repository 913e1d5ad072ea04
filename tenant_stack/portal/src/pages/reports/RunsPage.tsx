import {
  Age,
  Chip,
  LinkButton,
  listKey,
  ResourceTable,
  type Column,
  type Filter,
  type Tone,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Progress } from 'antd'
import { useMemo } from 'react'
import { list } from '../../api/client.ts'
import { fileOf, isOver, REPORT_RUNS, type ReportRun, type RunState } from '../../api/reports.ts'
import { CancelButton, sizeText } from './ExportButtons.tsx'
import { ReportTabs } from './ReportTabs.tsx'

const FILTERS: Filter[] = [{ kind: 'toggle', name: 'mine', label: 'Only mine' }]
const STATES: Record<RunState, { tone: Tone; label: string }> = {
  queued: { tone: 'idle', label: 'Waiting' },
  running: { tone: 'busy', label: 'Running' },
  stuck: { tone: 'warn', label: 'Stuck' },
  done: { tone: 'ok', label: 'Done' },
  failed: { tone: 'bad', label: 'Failed' },
  cancelled: { tone: 'idle', label: 'Cancelled' },
}

function Progressing({ run }: { run: ReportRun }) {
  if (run.state === 'failed') return <span>{run.message}</span>
  if (run.state === 'running' && run.rows_total) {
    return <Progress percent={Math.floor((run.rows / run.rows_total) * 100)} size="small" aria-label={run.step} />
  }
  if (run.state !== 'done') return <span className="muted">{run.step}</span>
  return (
    <span className="number nowrap" title={`SHA-256 ${run.checksum}`}>
      {run.rows.toLocaleString('en')} rows, {sizeText(run.bytes)}
    </span>
  )
}

function columnsOf(reload: () => void): Column<ReportRun>[] {
  return [
    {
      key: 'report',
      title: 'Report',
      card: 'title',
      csv: (run) => run.title,
      render: (run) => (
        <span className="two-lines">
          <strong>{run.title}</strong>
          <span>{run.about.join(' · ')}</span>
        </span>
      ),
    },
    { key: 'format', title: 'Format', csv: (run) => run.format, render: (run) => run.format.toUpperCase() },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      csv: (run) => run.state,
      render: (run) => <Chip tone={STATES[run.state].tone}>{STATES[run.state].label}</Chip>,
    },
    { key: 'size', title: 'Rows', card: 'main', csv: (run) => run.rows, render: (run) => <Progressing run={run} /> },
    {
      key: 'by',
      title: 'Asked by',
      csv: (run) => run.requested_by,
      render: (run) => (run.scheduled ? `${run.requested_by}, schedule` : run.requested_by),
    },
    {
      key: 'when',
      title: 'When',
      card: 'main',
      csv: (run) => run.created_at,
      render: (run) => <Age at={run.created_at} />,
    },
    {
      key: 'next',
      title: 'Next',
      card: 'main',
      render: (run) =>
        run.file ? (
          <Button size="small" href={fileOf(run)} download={run.file_name} aria-label={`Download ${run.file_name}`}>
            Download
          </Button>
        ) : run.mine && !isOver(run) ? (
          <CancelButton id={run.id} onDone={reload} />
        ) : run.state === 'done' ? (
          <span className="muted">{run.mine ? 'Not kept' : 'Theirs'}</span>
        ) : null,
    },
  ]
}

export default function RunsPage() {
  const client = useQueryClient()
  const columns = useMemo(
    () => columnsOf(() => void client.invalidateQueries({ queryKey: listKey(REPORT_RUNS) })),
    [client],
  )
  return (
    <>
      <ReportTabs />
      <ResourceTable<ReportRun>
        id="report-runs"
        label="Files"
        path={list(REPORT_RUNS)}
        rowKey={(run) => run.id}
        columns={columns}
        filters={FILTERS}
        pollMs={3_000}
        empty={{
          title: 'No files yet',
          hint: 'Choose a report and press PDF, Excel or CSV.',
          action: <LinkButton to="/reports">To the reports</LinkButton>,
        }}
      />
    </>
  )
}
