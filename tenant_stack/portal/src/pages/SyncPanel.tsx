import { Age, durationText, EmptyState, ErrorPanel, listKey, useAction, type Page } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { DEVICES, deviceKey } from '../api/paths.ts'
import type { SyncLog, SyncState } from '../api/types.ts'
import { spoken, SyncChip } from '../words.tsx'

const WATCH_MS = 1_000
const REST_MS = 30_000
/** A job that shows no end for this long is called stuck, not running. */
const STUCK_AFTER_MS = 60_000

const isOver = (state: SyncState) => state === 'done' || state === 'failed'

/** Reads a device's syncs: every second while one is under way. */
export function useSyncs(deviceId: string) {
  return useQuery({
    queryKey: ['syncs', deviceId],
    queryFn: ({ signal }) =>
      api.get('/api/devices/{device_id}/syncs', { path: { device_id: deviceId }, query: { limit: 20 }, signal }),
    refetchInterval: ({ state }) => (state.data?.items.some((sync) => !isOver(sync.state)) ? WATCH_MS : REST_MS),
  })
}

/** Starts a sync and remembers it, so that its progress and its end are shown. */
export function useSyncNow(deviceId: string) {
  const client = useQueryClient()
  const { busy, run } = useAction()
  const [startedId, setStartedId] = useState<string | null>(null)
  const syncs = useSyncs(deviceId)
  const current =
    syncs.data?.items.find((sync) => sync.id === startedId) ?? syncs.data?.items.find((sync) => !isOver(sync.state))
  const start = () =>
    run('The sync could not be started', async () => {
      const sync = await api.post('/api/devices/{device_id}/sync', { path: { device_id: deviceId } })
      setStartedId(sync.id)
      client.setQueryData<Page<SyncLog>>(['syncs', deviceId], (page) => ({
        next_cursor: page?.next_cursor ?? null,
        total: (page?.total ?? 0) + 1,
        items: [sync, ...(page?.items ?? []).filter((known) => known.id !== sync.id)],
      }))
      await client.invalidateQueries({ queryKey: deviceKey(deviceId) })
      await client.invalidateQueries({ queryKey: listKey(DEVICES) })
    })
  return { start, current, underWay: busy || (current !== undefined && !isOver(current.state)) }
}

const counts = (sync: SyncLog) =>
  `${sync.received} received: ${sync.stored} stored, ${sync.duplicate} known already, ${sync.quarantined} quarantined`

export function SyncProgress({ sync }: { sync: SyncLog }) {
  const age = Date.now() - Date.parse(sync.started_at ?? sync.created_at)
  const stuck = !isOver(sync.state) && age > STUCK_AFTER_MS
  return (
    <div className="sync-now" role="status">
      <div className="sync-line">
        <SyncChip state={sync.state} />
        <span>
          {stuck && 'No end in sight for over a minute. '}
          {sync.message ?? (sync.state === 'queued' ? 'Waiting for its turn.' : spoken(sync.kind))}
        </span>
      </div>
      <span className="muted">
        {counts(sync)}
        {sync.attempts > 1 && ` · attempt ${sync.attempts}`}
      </span>
    </div>
  )
}

function tookOf(sync: SyncLog): string | null {
  if (!sync.started_at || !sync.finished_at) return null
  return durationText(Date.parse(sync.finished_at) - Date.parse(sync.started_at))
}

export function SyncHistory({ deviceId }: { deviceId: string }) {
  const query = useSyncs(deviceId)
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
        title="Nobody has asked for one yet"
        hint="Punches come by themselves. “Sync now” reads the clock's log at once and stores what is new."
      />
    )
  }
  return (
    <ul className="strip strip-scroll" tabIndex={0} aria-label="Sync history">
      {query.data.items.map((sync) => (
        <li key={sync.id}>
          <div className="strip-line">
            <span>
              {spoken(sync.kind)}
              {sync.requested_by && <span className="muted"> by {sync.requested_by}</span>}
            </span>
            <SyncChip state={sync.state} />
          </div>
          <div className="strip-why">
            <span>{sync.message ?? counts(sync)}</span>
            <span>
              {tookOf(sync) && `${tookOf(sync)}, `}
              <Age at={sync.created_at} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  )
}
