import { mountPortal, SessionGate } from '@punctual/portal-kit'
import { RouterProvider } from 'react-router'
import type { Session } from './api/types.ts'
import './console.css'
import { router } from './routes.tsx'
import { SessionProvider } from './session.ts'

mountPortal(
  <SessionGate<Session> title="Operators' console" note="Sign in to run the platform.">
    {(session) => (
      <SessionProvider value={session}>
        <RouterProvider router={router} />
      </SessionProvider>
    )}
  </SessionGate>,
)
