import '../../reports.css'
import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useCan } from '../../session.ts'

export function ReportTabs({ actions }: { actions?: ReactNode }) {
  const can = useCan()
  return (
    <>
      <PageHeader
        title="Reports"
        note="The same numbers on screen, on paper, in a spreadsheet and by API. Files are kept for 7 days."
        actions={actions}
      />
      <nav className="tabs" aria-label="Reports">
        <NavLink to="/reports" end>
          Reports
        </NavLink>
        {can('reports:create') && <NavLink to="/reports/custom">Your own</NavLink>}
        {can('reports:export') && <NavLink to="/reports/schedules">Schedules</NavLink>}
        <NavLink to="/reports/runs">Files</NavLink>
      </nav>
    </>
  )
}
