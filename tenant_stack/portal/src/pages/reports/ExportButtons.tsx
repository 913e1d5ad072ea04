import { ConfirmButton, listKey, useAction } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Progress } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { fileOf, isOver, REPORT_RUNS, type FileFormat, type ReportRequest } from '../../api/reports.ts'
import { useCan } from '../../session.ts'

const WATCH_MS = 1_000
const FORMATS: { format: FileFormat; label: string }[] = [
  { format: 'pdf', label: 'PDF' },
  { format: 'xlsx', label: 'Excel' },
  { format: 'csv', label: 'CSV' },
]

/** Asks for a file; the run goes on when the page is left, and is found again under Files. */
export function ExportButtons({
  request,
  onStarted,
}: {
  request: ReportRequest | null
  onStarted: (id: string) => void
}) {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const [wanted, setWanted] = useState<FileFormat | null>(null)
  if (!can('reports:export')) return null
  const start = (format: FileFormat) => {
    setWanted(format)
    void run('The file was not started', async () => {
      const made = await api.post(REPORT_RUNS, { body: { report: request, format } })
      await client.invalidateQueries({ queryKey: listKey(REPORT_RUNS) })
      onStarted(made.id)
    })
  }
  return (
    <>
      {FORMATS.map(({ format, label }) => (
        <Button
          key={format}
          type={format === 'pdf' ? 'primary' : 'default'}
          disabled={!request || busy}
          loading={busy && wanted === format}
          onClick={() => start(format)}
        >
          {label}
        </Button>
      ))}
    </>
  )
}

/** How far a file is, then where to get it. */
export function RunBanner({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ['report-run', id],
    queryFn: ({ signal }) => api.get('/api/reports/runs/{run_id}', { path: { run_id: id }, signal }),
    refetchInterval: ({ state }) => ((state.data && isOver(state.data)) || state.error ? false : WATCH_MS),
  })
  const run = query.data
  if (!run) return null
  const name = `${run.title} (${run.format.toUpperCase()})`
  const total = run.rows_total ?? 0
  return (
    <div role="status" className="run-progress">
      <Alert
        showIcon
        closable={{ onClose }}
        type={
          run.state === 'done'
            ? 'success'
            : run.state === 'failed'
              ? 'error'
              : run.state === 'stuck'
                ? 'warning'
                : 'info'
        }
        title={
          {
            queued: `${name} waits for its turn`,
            running: `Making ${name}: ${run.step}`,
            stuck: `${name} has not moved for a minute; another worker will begin it again`,
            done: `${name} is ready`,
            failed: `${name} was not made`,
            cancelled: `${name} was cancelled`,
          }[run.state]
        }
        description={
          run.state === 'done' ? (
            `${run.rows.toLocaleString('en')} rows, ${sizeText(run.bytes)}`
          ) : run.state === 'failed' ? (
            run.message
          ) : run.state === 'running' && total > 0 ? (
            <Progress
              percent={Math.floor((run.rows / total) * 100)}
              size="small"
              status="active"
              aria-label={run.step}
            />
          ) : null
        }
        action={
          run.file ? (
            <Button type="primary" href={fileOf(run)} download={run.file_name}>
              Download
            </Button>
          ) : run.mine && !isOver(run) ? (
            <CancelButton id={id} onDone={() => void query.refetch()} />
          ) : null
        }
      />
    </div>
  )
}

export function CancelButton({ id, onDone }: { id: string; onDone: () => void }) {
  return (
    <ConfirmButton
      size="small"
      question="Stop making this file?"
      consequence="What was written so far is thrown away. The report can be asked for again."
      confirmLabel="Stop"
      refusal="The file was not stopped"
      action={async () => {
        await api.post('/api/reports/runs/{run_id}/cancel', { path: { run_id: id } })
        onDone()
      }}
    >
      Stop
    </ConfirmButton>
  )
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
