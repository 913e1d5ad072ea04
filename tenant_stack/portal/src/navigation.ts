import { type NavEntry, type NavItem } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from './api/client.ts'
import { ALERT_COUNTS_KEY } from './api/clocks.ts'
import { CONFLICTS } from './api/groups.ts'
import { DASHBOARD_KEY } from './api/paths.ts'
import { useLiveMessages } from './live.tsx'
import { useCan } from './session.ts'

/** What waits for somebody, shown on the menu's items. */
type Waiting = { devices: number; alerts: number; conflicts: number }

/** `needs` is the permission without which the page could only refuse. */
type Entry = NavItem & { needs: string }

function groups(waiting: Waiting): { label: string; items: Entry[] }[] {
  return [
    {
      label: 'Today',
      items: [
        { to: '/', label: 'Dashboard', needs: 'attendance:read' },
        { to: '/alerts', label: 'Alerts', needs: 'devices:read', badge: waiting.alerts },
      ],
    },
    {
      label: 'People',
      items: [
        { to: '/staff', label: 'Staff', needs: 'staff:read' },
        { to: '/biometrics', label: 'Biometrics', needs: 'biometrics:read', also: '/enrolments' },
      ],
    },
    {
      label: 'Attendance',
      items: [
        { to: '/attendance', label: 'Records', needs: 'attendance:read', end: true },
        { to: '/attendance/approvals', label: 'Approvals', needs: 'attendance:read' },
        { to: '/attendance/anomalies', label: 'Anomalies', needs: 'attendance:read' },
        { to: '/punches', label: 'Punches', needs: 'attendance:read' },
        { to: '/schedules/shifts', label: 'Shifts', needs: 'attendance:read' },
        { to: '/schedules/calendar', label: 'Calendar', needs: 'attendance:read' },
        { to: '/schedules/rules', label: 'Rules', needs: 'attendance:read' },
      ],
    },
    {
      label: 'Reports and payroll',
      items: [
        { to: '/reports', label: 'Reports', needs: 'reports:read' },
        { to: '/payroll', label: 'Payroll', needs: 'reports:read' },
      ],
    },
    {
      label: 'Clocks',
      items: [
        { to: '/devices', label: 'Clocks', needs: 'devices:read', badge: waiting.devices },
        { to: '/on-clocks/groups', label: 'Groups', needs: 'devices:read' },
        { to: '/on-clocks/unknown', label: 'Unknown people', needs: 'devices:read' },
        { to: '/on-clocks/conflicts', label: 'Conflicts', needs: 'staff:read', badge: waiting.conflicts },
      ],
    },
    {
      label: 'Administration',
      items: [
        { to: '/access/users', label: 'Users', needs: 'users:read' },
        { to: '/access/roles', label: 'Roles', needs: 'users:read' },
        { to: '/access/clients', label: 'API clients', needs: 'clients:read' },
        { to: '/access/audit', label: 'Audit', needs: 'audit:read' },
        { to: '/settings', label: 'Settings', needs: 'attendance:read', end: true },
        { to: '/settings/sign-in', label: 'Sign-in', needs: 'settings:read' },
      ],
    },
  ]
}

const A_MINUTE = 60_000

function useWaiting(): Waiting {
  const can = useCan()
  const client = useQueryClient()
  // The same reading as the dashboard's: at most one call a minute for the badge on other pages.
  const dashboard = useQuery({
    queryKey: DASHBOARD_KEY,
    queryFn: ({ signal }) => api.get('/api/dashboard', { signal }),
    enabled: can('attendance:read'),
    staleTime: A_MINUTE,
  })
  const alerts = useQuery({
    queryKey: ALERT_COUNTS_KEY,
    queryFn: ({ signal }) => api.get('/api/alerts/counts', { signal }),
    enabled: can('devices:read'),
    refetchInterval: A_MINUTE,
  })
  const conflicts = useQuery({
    queryKey: ['list', CONFLICTS, 'waiting'],
    queryFn: ({ signal }) => api.get(CONFLICTS, { query: { state: 'open', limit: 1 }, signal }),
    enabled: can('staff:read'),
    refetchInterval: A_MINUTE,
  })
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'alerts')) {
      void client.invalidateQueries({ queryKey: ALERT_COUNTS_KEY })
    }
  })
  return {
    devices: dashboard.data?.waiting_devices ?? 0,
    alerts: alerts.data?.unacknowledged ?? 0,
    conflicts: conflicts.data?.total ?? 0,
  }
}

/** The menu of this person: only pages that they may read, only groups that hold any. */
export function useNavigation(): NavEntry[] {
  const can = useCan()
  const waiting = useWaiting()
  return groups(waiting)
    .map(({ label, items }) => ({
      label,
      items: items.filter((item) => can(item.needs)).map(({ needs: _, ...item }) => item),
    }))
    .filter((group) => group.items.length > 0)
}

/** Where a person lands who may not see the dashboard; null for somebody who may. */
export function useLanding(): string | null {
  const can = useCan()
  const pages = groups({ devices: 0, alerts: 0, conflicts: 0 }).flatMap((group) => group.items)
  const first = pages.find((page) => can(page.needs))
  if (first?.to === '/') return null
  return first?.to ?? '/sessions'
}
