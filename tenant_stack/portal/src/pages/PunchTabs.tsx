import { PageHeader } from '@punctual/portal-kit'
import { NavLink } from 'react-router'

export function PunchTabs() {
  return (
    <>
      <PageHeader title="Punches" note="Every line as the clocks sent it. Nothing here is ever edited or deleted." />
      <nav className="tabs" aria-label="Punches">
        <NavLink to="/punches" end>
          Punch log
        </NavLink>
        <NavLink to="/punches/quarantine">Quarantine</NavLink>
      </nav>
    </>
  )
}
