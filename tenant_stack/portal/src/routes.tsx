import { Banner, EmptyState, LinkButton, PageHeader, Shell, timeIn, useNow } from '@punctual/portal-kit'
import { lazy } from 'react'
import { createBrowserRouter, Navigate } from 'react-router'
import { useLiveState } from './live.tsx'
import { useLanding, useNavigation } from './navigation.ts'
import { DashboardPage } from './pages/DashboardPage.tsx'
import { SupportBanner } from './pages/support/SupportBanner.tsx'
import { useSession } from './session.ts'

const StaffPage = lazy(() => import('./pages/StaffPage.tsx'))
const StaffImportPage = lazy(() => import('./pages/import/StaffImportPage.tsx'))
const StaffDetailPage = lazy(() => import('./pages/StaffDetailPage.tsx'))
const DevicesPage = lazy(() => import('./pages/DevicesPage.tsx'))
const DeviceGroupsPage = lazy(() => import('./pages/groups/DeviceGroupsPage.tsx'))
const UnknownPeoplePage = lazy(() => import('./pages/groups/UnknownPeoplePage.tsx'))
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
const CapturePage = lazy(() => import('./pages/biometrics/CapturePage.tsx'))
const UsersPage = lazy(() => import('./pages/access/UsersPage.tsx'))
const RolesPage = lazy(() => import('./pages/access/RolesPage.tsx'))
const ClientsPage = lazy(() => import('./pages/access/ClientsPage.tsx'))
const AuditPage = lazy(() => import('./pages/access/AuditPage.tsx'))
const SessionsPage = lazy(() => import('./pages/access/SessionsPage.tsx'))
const SignInPage = lazy(() => import('./pages/access/SignInPage.tsx'))
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

const SELDOM = [{ to: '/sessions', label: 'My sessions' }]

function Frame() {
  const { organisation, user, break_glass } = useSession()
  const banner = (
    <>
      <SupportBanner />
      {break_glass && (
        <Banner tone="warn">You came in by the emergency sign-in. It ends within an hour, and raised an alert.</Banner>
      )}
      <LiveBanner />
    </>
  )
  return <Shell name={organisation.name} user={user} nav={useNavigation()} seldom={SELDOM} banner={banner} />
}

function StartPage() {
  const landing = useLanding()
  return landing ? <Navigate to={landing} replace /> : <DashboardPage />
}

function NotFoundPage() {
  return (
    <>
      <PageHeader title="Nothing here" />
      <EmptyState
        title="There is no page at this address"
        hint="It may have been moved, or the address was mistyped."
        action={<LinkButton to="/">To the start page</LinkButton>}
      />
    </>
  )
}

export const router = createBrowserRouter([
  {
    element: <Frame />,
    children: [
      { path: '/', element: <StartPage /> },
      { path: '/staff', element: <StaffPage /> },
      { path: '/staff/import', element: <StaffImportPage /> },
      { path: '/staff/:id', element: <StaffDetailPage /> },
      { path: '/devices', element: <DevicesPage /> },
      { path: '/on-clocks/groups', element: <DeviceGroupsPage /> },
      { path: '/on-clocks/unknown', element: <UnknownPeoplePage /> },
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
      { path: '/captures/:id', element: <CapturePage /> },
      { path: '/access/users', element: <UsersPage /> },
      { path: '/access/roles', element: <RolesPage /> },
      { path: '/access/clients', element: <ClientsPage /> },
      { path: '/access/audit', element: <AuditPage /> },
      { path: '/sessions', element: <SessionsPage /> },
      { path: '/settings', element: <SettingsPage /> },
      { path: '/settings/sign-in', element: <SignInPage /> },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
])
