import { mountPortal, rememberOrganisationName, SessionGate, ZoneProvider } from '@punctual/portal-kit'
import { RouterProvider } from 'react-router'
import type { Session } from './api/types.ts'
import { LiveProvider } from './live.tsx'
import './dashboard.css'
import './pages.css'
import './biometrics.css'
import './attendance.css'
import './schedules.css'
import { EmergencySignIn } from './pages/access/EmergencySignIn.tsx'
import { router } from './routes.tsx'
import { SessionProvider } from './session.ts'

/** "acme" of acme.example.com: the best name there is before the first sign-in. */
const slug = location.hostname.split('.')[0] ?? 'Punctual'

function signedIn(session: Session) {
  rememberOrganisationName(session.organisation.name)
  return (
    <SessionProvider value={session}>
      <ZoneProvider zone={session.organisation.zone}>
        <LiveProvider>
          <RouterProvider router={router} />
        </LiveProvider>
      </ZoneProvider>
    </SessionProvider>
  )
}

mountPortal(
  <SessionGate<Session>
    title={slug}
    note="Sign in to see attendance, staff and clocks."
    otherwise={<EmergencySignIn />}
  >
    {signedIn}
  </SessionGate>,
)
