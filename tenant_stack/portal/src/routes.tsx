import { api, Banner, EmptyState, LinkButton, Shell, timeIn, useNow, type NavEntry } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy } from 'react'
import { createBrowserRouter } from 'react-router'
import { ALERT_COUNTS_KEY, ALERTS, type AlertCounts } from './api/clocks.ts'
import { DASHBOARD_KEY } from './api/paths.ts'
import type { Dashboard } from './api/types.ts'
import { useLiveMessages, useLiveState } from './live.tsx'
import { DashboardPage } from './pages/DashboardPage.tsx'
import { useCan, useSession } from './session.ts'

const StaffPage = lazy(() => import('./pages/StaffPage.tsx'))
const StaffDetailPage = lazy(() => import('./pages/StaffDetailPage.tsx'))
const DevicesPage = lazy(() => import('./pages/DevicesPage.tsx'))
const DeviceGroupsPage = lazy(() => import('./pages/groups/DeviceGroupsPage.tsx'))
const StrangersPage = lazy(() => import('./pages/groups/StrangersPage.tsx'))
const ConflictsPage = lazy(() => import('./pages/groups/ConflictsPage.tsx'))
const DeviceDetailPage = lazy(() => import('./pages/DeviceDetailPage.tsx'))
const AlertsPage = lazy(() => import('./pages/AlertsPage.tsx'))
const PunchesPage = lazy(() => import('./pages/PunchesPage.tsx'))
const QuarantinePage = lazy(() => import('./pages/QuarantinePage.tsx'))
const AttendancePage = lazy(() => import('./pages/AttendancePage.tsx'))
const ApprovalsPage = lazy(() => import('./pages/attendance/ApprovalsPage.tsx'))
const AnomaliesPage = lazy(() => import('./pages/attendance/AnomaliesPage.tsx'))
const ShiftsPage = lazy(() => import('./pages/schedules/ShiftsPage.tsx'))
const HolidaysPage = lazy(() => import('./pages/schedules/HolidaysPage.tsx'))
const DaysOffPage = lazy(() => import('./pages/schedules/DaysOffPage.tsx'))
const LeavePage = lazy(() => import('./pages/schedules/LeavePage.tsx'))
const RulesPage = lazy(() => import('./pages/schedules/RulesPage.tsx'))
const RuleSetPage = lazy(() => import('./pages/schedules/RuleSetPage.tsx'))
const ReportsPage = lazy(() => import('./pages/reports/ReportsPage.tsx'))
const CustomReportPage = lazy(() => import('./pages/reports/CustomPage.tsx'))
const ReportSchedulesPage = lazy(() => import('./pages/reports/SchedulesPage.tsx'))
const ReportRunsPage = lazy(() => import('./pages/reports/RunsPage.tsx'))
const PayrollPage = lazy(() => import('./pages/payroll/PayrollPage.tsx'))
const PayrollBatchesPage = lazy(() => import('./pages/payroll/BatchesPage.tsx'))
const PayrollProfilesPage = lazy(() => import('./pages/payroll/ProfilesPage.tsx'))
const PayrollProfilePage = lazy(() => import('./pages/payroll/ProfilePage.tsx'))
const WebhooksPage = lazy(() => import('./pages/payroll/WebhooksPage.tsx'))
const WebhookPage = lazy(() => import('./pages/payroll/WebhookPage.tsx'))
const ConsentTextsPage = lazy(() => import('./pages/biometrics/ConsentTextsPage.tsx'))
const HeldBackPage = lazy(() => import('./pages/biometrics/HeldBackPage.tsx'))
const AccessPage = lazy(() => import('./pages/biometrics/AccessPage.tsx'))
const EnrolmentPage = lazy(() => import('./pages/biometrics/EnrolmentPage.tsx'))
const UsersPage = lazy(() => import('./pages/access/UsersPage.tsx'))
const RolesPage = lazy(() => import('./pages/access/RolesPage.tsx'))
const ClientsPage = lazy(() => import('./pages/access/ClientsPage.tsx'))
const AuditPage = lazy(() => import('./pages/access/AuditPage.tsx'))
const SessionsPage = lazy(() => import('./pages/access/SessionsPage.tsx'))
const SettingsPage = lazy(() => import('./pages/schedules/SettingsPage.tsx'))

const QUIET_BEFORE_BANNER_MS = 10_000

function LiveBanner() {
  const { phase, lastHeardAt } = useLiveState()
  const { zone } = useSession().organisation
  const now = useNow()
  const cut = phase !== 'live' && lastHeardAt !== null && now - lastHeardAt > QUIET_BEFORE_BANNER_MS
  if (phase !== 'stale' && !cut) return null
  return (
    <Banner tone="warn">
      Live updates are interrupted; reconnecting.
      {lastHeardAt && ` Up to date as of ${timeIn(zone, lastHeardAt)} ${zone}.`}
    </Banner>
  )
}

const BIOMETRICS = { to: '/biometrics', label: 'Biometrics' }
const SETTINGS_PAGE = { to: '/settings', label: 'Settings' }
const MY_SESSIONS = { to: '/sessions', label: 'My sessions' }

/** The first of the access pages that the person may read. */
function accessPage(can: (permission: string) => boolean) {
  if (can('users:read')) return [{ to: '/access/users', label: 'Users and access' }]
  if (can('clients:read')) return [{ to: '/access/clients', label: 'API clients' }]
  if (can('audit:read')) return [{ to: '/access/audit', label: 'Audit' }]
  return []
}

function Frame() {
  const { organisation, user } = useSession()
  // The same reading as the dashboard's: at most one call a minute for the badge on other pages.
  const dashboard = useQuery({
    queryKey: DASHBOARD_KEY,
    queryFn: ({ signal }) => api.get<Dashboard>('/api/dashboard', undefined, signal),
    staleTime: 60_000,
  })
  const can = useCan()
  const client = useQueryClient()
  const alerts = useQuery({
    queryKey: ALERT_COUNTS_KEY,
    queryFn: ({ signal }) => api.get<AlertCounts>(`${ALERTS}/counts`, undefined, signal),
    enabled: can('devices:read'),
    refetchInterval: 60_000,
  })
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'alerts')) {
      void client.invalidateQueries({ queryKey: ALERT_COUNTS_KEY })
    }
  })
  const nav: NavEntry[] = [
    { to: '/', label: 'Dashboard' },
    { to: '/staff', label: 'Staff' },
    { to: '/devices', label: 'Devices', badge: dashboard.data?.waiting_devices ?? 0 },
    {
      label: 'On clocks',
      items: [
        { to: '/on-clocks/groups', label: 'Groups' },
        { to: '/on-clocks/unknown', label: 'Unknown people' },
        { to: '/on-clocks/conflicts', label: 'Conflicts' },
      ],
    },
    { to: '/alerts', label: 'Alerts', badge: alerts.data?.unacknowledged ?? 0 },
    { to: '/punches', label: 'Punches' },
    {
      label: 'Attendance',
      items: [
        { to: '/attendance', label: 'Records', end: true },
        { to: '/attendance/approvals', label: 'Approvals' },
        { to: '/attendance/anomalies', label: 'Anomalies' },
      ],
    },
    ...(can('reports:read') ? [{ to: '/reports', label: 'Reports' }] : []),
    ...(can('reports:read') ? [{ to: '/payroll', label: 'Payroll' }] : []),
    {
      label: 'Schedules',
      items: [
        { to: '/schedules/shifts', label: 'Shifts' },
        { to: '/schedules/calendar', label: 'Calendar' },
        { to: '/schedules/rules', label: 'Rules' },
      ],
    },
  ]
  const seldom = [...(can('biometrics:read') ? [BIOMETRICS] : []), ...accessPage(can), SETTINGS_PAGE, MY_SESSIONS]
  return <Shell name={organisation.name} user={user} nav={nav} seldom={seldom} banner={<LiveBanner />} />
}

function NotFoundPage() {
  return (
    <EmptyState
      title="There is no page at this address"
      hint="It may have been moved, or the address was mistyped."
      action={<LinkButton to="/">To the dashboard</LinkButton>}
    />
  )
}

export const router = createBrowserRouter([
  {
    element: <Frame />,
    children: [
      { path: '/', element: <DashboardPage /> },
      { path: '/staff', element: <StaffPage /> },
      { path: '/staff/:id', element: <StaffDetailPage /> },
      { path: '/devices', element: <DevicesPage /> },
      { path: '/on-clocks/groups', element: <DeviceGroupsPage /> },
      { path: '/on-clocks/unknown', element: <StrangersPage /> },
      { path: '/on-clocks/conflicts', element: <ConflictsPage /> },
      { path: '/devices/:id', element: <DeviceDetailPage /> },
      { path: '/alerts', element: <AlertsPage /> },
      { path: '/punches', element: <PunchesPage /> },
      { path: '/punches/quarantine', element: <QuarantinePage /> },
      { path: '/attendance', element: <AttendancePage /> },
      { path: '/attendance/approvals', element: <ApprovalsPage /> },
      { path: '/attendance/anomalies', element: <AnomaliesPage /> },
      { path: '/schedules/shifts', element: <ShiftsPage /> },
      { path: '/schedules/calendar', element: <HolidaysPage /> },
      { path: '/schedules/calendar/days-off', element: <DaysOffPage /> },
      { path: '/schedules/calendar/leave', element: <LeavePage /> },
      { path: '/schedules/rules', element: <RulesPage /> },
      { path: '/schedules/rules/:id', element: <RuleSetPage /> },
      { path: '/reports', element: <ReportsPage /> },
      { path: '/reports/custom', element: <CustomReportPage /> },
      { path: '/reports/schedules', element: <ReportSchedulesPage /> },
      { path: '/reports/runs', element: <ReportRunsPage /> },
      { path: '/payroll', element: <PayrollPage /> },
      { path: '/payroll/batches', element: <PayrollBatchesPage /> },
      { path: '/payroll/profiles', element: <PayrollProfilesPage /> },
      { path: '/payroll/profiles/:code', element: <PayrollProfilePage /> },
      { path: '/payroll/webhooks', element: <WebhooksPage /> },
      { path: '/payroll/webhooks/:id', element: <WebhookPage /> },
      { path: '/biometrics', element: <ConsentTextsPage /> },
      { path: '/biometrics/held-back', element: <HeldBackPage /> },
      { path: '/biometrics/access', element: <AccessPage /> },
      { path: '/enrolments/:id', element: <EnrolmentPage /> },
      { path: '/access/users', element: <UsersPage /> },
      { path: '/access/roles', element: <RolesPage /> },
      { path: '/access/clients', element: <ClientsPage /> },
      { path: '/access/audit', element: <AuditPage /> },
      { path: '/sessions', element: <SessionsPage /> },
      { path: '/settings', element: <SettingsPage /> },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
])
