import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useCan } from '../../session.ts'

const TABS = [
  { to: '/access/users', label: 'Users', needs: 'users:read' },
  { to: '/access/roles', label: 'Roles', needs: 'users:read' },
  { to: '/access/clients', label: 'API clients', needs: 'clients:read' },
  { to: '/access/audit', label: 'Audit', needs: 'audit:read' },
]

/** The pages about who may do what, as links. */
export function AccessTabs({ title, note, actions }: { title: string; note?: string; actions?: ReactNode }) {
  const can = useCan()
  return (
    <>
      <PageHeader title={title} note={note} actions={actions} />
      <nav className="tabs" aria-label="Access">
        {TABS.filter((tab) => can(tab.needs)).map((tab) => (
          <NavLink key={tab.to} to={tab.to}>
            {tab.label}
          </NavLink>
        ))}
      </nav>
    </>
  )
}
