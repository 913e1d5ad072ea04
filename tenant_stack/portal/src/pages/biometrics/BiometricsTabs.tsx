import { PageHeader } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'

export function BiometricsTabs({ actions }: { actions?: ReactNode }) {
  return (
    <>
      <PageHeader
        title="Biometrics"
        note="What people agree to, what waits for their consent, and who used a template for what. No page shows a template."
        actions={actions}
      />
      <nav className="tabs" aria-label="Biometrics">
        <NavLink to="/biometrics" end>
          Consent texts
        </NavLink>
        <NavLink to="/biometrics/held-back">Held back</NavLink>
        <NavLink to="/biometrics/access">Access</NavLink>
      </nav>
    </>
  )
}
