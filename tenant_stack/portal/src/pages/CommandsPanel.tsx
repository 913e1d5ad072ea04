import { Age, Chip, EmptyState, ErrorPanel, Panel, useAction, type Page, type Tone } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { api } from '../api/client.ts'
import type { ClockCommand, CommandState } from '../api/clocks.ts'
import { useCan } from '../session.ts'

const STATES: Record<CommandState, [Tone, string]> = {
  queued: ['busy', 'Waiting'],
  sent: ['busy', 'Sent'],
  done: ['ok', 'Done'],
  failed: ['bad', 'Failed'],
  cancelled: ['idle', 'Cancelled'],
}

export function CommandChip({ command }: { command: ClockCommand }) {
  const [tone, words] = command.held_because ? (['warn', 'Held back'] as const) : STATES[command.state]
  return <Chip tone={tone}>{words}</Chip>
}

/** Buttons of one command: try again, or take back (a failed one is put aside by it). */
export function CommandButtons({ command }: { command: ClockCommand }) {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  if (!can('devices:sync')) return null
  const send = (verb: 'retry' | 'cancel', whatFailed: string) =>
    run(whatFailed, async () => {
      await api.post(`/api/devices/{device_id}/commands/{command_id}/${verb}`, {
        path: { device_id: command.device_id, command_id: Number(command.id) },
      })
      await client.invalidateQueries()
    })
  return (
    <span className="actions">
      {command.can_retry && (
        <Button size="small" loading={busy} onClick={() => void send('retry', 'The command was not queued again')}>
          Try again
        </Button>
      )}
      {command.can_cancel && (
        <Button size="small" loading={busy} onClick={() => void send('cancel', 'The command was not taken back')}>
          {command.state === 'failed' ? 'Put aside' : 'Cancel'}
        </Button>
      )}
    </span>
  )
}

export function CommandsPanel({ deviceId }: { deviceId: string }) {
  const query = useQuery({
    queryKey: ['commands', deviceId],
    queryFn: ({ signal }) =>
      api.get('/api/devices/{device_id}/commands', { path: { device_id: deviceId }, query: { limit: 50 }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.items.some((command) => command.state === 'queued' || command.state === 'sent') ? 2_000 : 15_000,
  })
  return (
    <Panel title="Commands" flush>
      <CommandList query={query} />
    </Panel>
  )
}

function CommandList({ query }: { query: ReturnType<typeof useQuery<Page<ClockCommand>>> }) {
  if (query.isError && !query.data) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) {
    return (
      <div className="panel-body">
        <Skeleton active title={false} paragraph={{ rows: 4 }} />
      </div>
    )
  }
  if (query.data.items.length === 0) {
    return (
      <EmptyState
        title="Nothing was asked of this clock"
        hint="What people and Punctual ask of it is listed here, with its answer."
      />
    )
  }
  return (
    <ul className="strip strip-scroll" tabIndex={0} aria-label="Commands">
      {query.data.items.map((command) => (
        <li key={command.id}>
          <div className="strip-line">
            <span>
              {command.what}
              {command.requested_by && <span className="muted"> by {command.requested_by}</span>}
            </span>
            <CommandChip command={command} />
          </div>
          <div className="strip-why">
            <span>
              {command.held_because ?? command.words}
              {command.count !== null && ` · ${command.count.toLocaleString('en')} punches`}
              {command.attempts > 1 && ` · attempt ${command.attempts}`}
            </span>
            <Age at={command.finished_at ?? command.created_at} />
          </div>
          {(command.can_retry || command.can_cancel) && <CommandButtons command={command} />}
        </li>
      ))}
    </ul>
  )
}
