import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api } from '../api/client.ts'
import { DASHBOARD_KEY } from '../api/paths.ts'
import type { Dashboard, LiveMessage, PunchLog } from '../api/types.ts'
import { useLiveMessages, useLiveState } from '../live.tsx'

const FEED_LENGTH = 30
const POLL_WHILE_LIVE_MS = 60_000
const POLL_WHILE_CUT_MS = 15_000
/** Tiles are counted by the server; after a burst of events one reading is enough. */
const RECOUNT_AFTER_MS = 1_500

function withPunch(dashboard: Dashboard, punch: PunchLog): Dashboard {
  if (dashboard.recent.some((known) => known.id === punch.id)) return dashboard
  const recent = [punch, ...dashboard.recent].slice(0, FEED_LENGTH)
  if (!punch.local_time.startsWith(dashboard.date)) return { ...dashboard, recent }
  const hour = Number(punch.local_time.slice(11, 13))
  const known = dashboard.by_hour.some((bar) => bar.hour === hour)
  const by_hour = known
    ? dashboard.by_hour.map((bar) => (bar.hour === hour ? { ...bar, count: bar.count + 1 } : bar))
    : [...dashboard.by_hour, { hour, count: 1 }]
  return { ...dashboard, recent, by_hour }
}

function apply(client: QueryClient, messages: LiveMessage[]): void {
  client.setQueryData<Dashboard>(DASHBOARD_KEY, (before) => {
    if (!before) return before
    let after = before
    for (const message of messages) {
      if (message.type === 'punch') after = withPunch(after, message.punch)
      if (message.type === 'device') {
        const { device } = message
        const devices = after.devices.map((known) => (known.id === device.id ? { ...known, ...device } : known))
        after = { ...after, devices }
      }
    }
    return after
  })
}

/** The dashboard's snapshot, kept current by the socket and re-counted shortly after anything happened. */
export function useDashboard() {
  const client = useQueryClient()
  const { phase } = useLiveState()
  const recount = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(recount.current), [])

  useLiveMessages((messages) => {
    const events = messages.filter((message) => message.type !== 'hello' && message.type !== 'heartbeat')
    if (events.length === 0) return
    apply(client, events)
    recount.current ??= setTimeout(() => {
      recount.current = undefined
      void client.invalidateQueries({ queryKey: DASHBOARD_KEY })
    }, RECOUNT_AFTER_MS)
  })

  return useQuery({
    queryKey: DASHBOARD_KEY,
    queryFn: ({ signal }) => api.get('/api/dashboard', { signal }),
    refetchInterval: phase === 'live' ? POLL_WHILE_LIVE_MS : POLL_WHILE_CUT_MS,
  })
}
