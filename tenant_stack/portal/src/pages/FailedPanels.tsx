import { Age, EmptyState, Panel, readPage, useAction, type ListPath } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { Link } from 'react-router'
import { api, list } from '../api/client.ts'
import type { FailedSync } from '../api/clocks.ts'
import { useCan } from '../session.ts'
import { CommandButtons } from './CommandsPanel.tsx'

const REFRESH_MS = 30_000

function useFailed<T>(path: ListPath<T>, enabled: boolean) {
  return useQuery({
    queryKey: ['failed', path],
    queryFn: ({ signal }) => readPage(path, { limit: 50 }, signal),
    refetchInterval: REFRESH_MS,
    enabled,
  })
}

/** What was asked of clocks and failed for good: nobody else will try it again. */
export function FailedPanels() {
  const can = useCan()
  const commands = useFailed(list('/api/dead-letters/commands'), can('devices:read'))
  const syncs = useFailed(list('/api/dead-letters/syncs'), can('devices:read'))
  if (!commands.data || !syncs.data) return null
  return (
    <div className="columns-2">
      <Panel title={`Failed commands (${commands.data.total})`} flush>
        {commands.data.items.length === 0 ? (
          <EmptyState title="No command has failed" />
        ) : (
          <ul className="strip strip-scroll" tabIndex={0} aria-label="Failed commands">
            {commands.data.items.map((command) => (
              <li key={command.id}>
                <div className="strip-line">
                  <span>
                    {command.what} · <Link to={`/devices/${command.device_id}`}>{command.device_name}</Link>
                  </span>
                  <CommandButtons command={command} />
                </div>
                <div className="strip-why">
                  <span>{command.words}</span>
                  <Age at={command.finished_at} />
                </div>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={`Failed synchronisations (${syncs.data.total})`} flush>
        {syncs.data.items.length === 0 ? (
          <EmptyState title="Every clock's last synchronisation worked" />
        ) : (
          <ul className="strip strip-scroll" tabIndex={0} aria-label="Failed synchronisations">
            {syncs.data.items.map((sync) => (
              <FailedSyncLine key={sync.id} sync={sync} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  )
}

function FailedSyncLine({ sync }: { sync: FailedSync }) {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const again = () =>
    run('The sync could not be started', async () => {
      await api.post('/api/devices/{device_id}/sync', { path: { device_id: sync.device_id } })
      await client.invalidateQueries()
    })
  return (
    <li>
      <div className="strip-line">
        <Link to={`/devices/${sync.device_id}`}>{sync.device_name}</Link>
        {can('devices:sync') && (
          <Button size="small" loading={busy} onClick={() => void again()}>
            Try again
          </Button>
        )}
      </div>
      <div className="strip-why">
        <span>{sync.message}</span>
        <Age at={sync.finished_at} />
      </div>
    </li>
  )
}
