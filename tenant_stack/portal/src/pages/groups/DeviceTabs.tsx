import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'

/** What belongs to clocks beside the clocks themselves. */
export function DeviceTabs({ note, actions }: { note: ReactNode; actions?: ReactNode }) {
  return (
    <>
      <PageHeader title="People on clocks" note={note} actions={actions} />
      <nav className="tabs" aria-label="People on clocks">
        <NavLink to="/on-clocks/groups">Groups</NavLink>
        <NavLink to="/on-clocks/unknown">Unknown people</NavLink>
        <NavLink to="/on-clocks/conflicts">Conflicts</NavLink>
      </nav>
    </>
  )
}
