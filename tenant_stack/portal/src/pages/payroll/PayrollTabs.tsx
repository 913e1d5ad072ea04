import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useCan } from '../../session.ts'

export function PayrollTabs({ actions, note }: { actions?: ReactNode; note: ReactNode }) {
  const can = useCan()
  return (
    <>
      <PageHeader title="Payroll" note={note} actions={actions} />
      <nav className="tabs" aria-label="Payroll">
        <NavLink to="/payroll" end>
          Export
        </NavLink>
        <NavLink to="/payroll/batches">Batches</NavLink>
        <NavLink to="/payroll/profiles">Profiles</NavLink>
        {can('settings:read') && <NavLink to="/payroll/webhooks">Webhooks</NavLink>}
      </nav>
    </>
  )
}
