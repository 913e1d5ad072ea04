import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'

export function CalendarTabs({ actions }: { actions?: ReactNode }) {
  return (
    <>
      <PageHeader
        title="Calendar"
        note="Days nobody is due, and people who are away. Computed days follow when they are processed again."
        actions={actions}
      />
      <nav className="tabs" aria-label="Calendar">
        <NavLink to="/schedules/calendar" end>
          Holidays
        </NavLink>
        <NavLink to="/schedules/calendar/days-off">Weekly days off</NavLink>
        <NavLink to="/schedules/calendar/leave">Leave</NavLink>
      </nav>
    </>
  )
}
