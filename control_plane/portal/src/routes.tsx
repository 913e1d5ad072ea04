import { EmptyState, LinkButton, Shell } from '@punctual/portal-kit'
import { lazy } from 'react'
import { createBrowserRouter } from 'react-router'
import OrganisationsPage from './pages/OrganisationsPage.tsx'
import { useSession } from './session.ts'

const OrganisationPage = lazy(() => import('./pages/OrganisationPage.tsx'))

function Frame() {
  return (
    <Shell
      name="Punctual console"
      user={useSession().user}
      nav={[{ to: '/', label: 'Organisations', also: '/fleet' }]}
    />
  )
}

function NotFoundPage() {
  return (
    <EmptyState
      title="There is no page at this address"
      action={<LinkButton to="/">To the organisations</LinkButton>}
    />
  )
}

// Pages live under /fleet because /organisations is the API's own path on this host.
export const router = createBrowserRouter([
  {
    element: <Frame />,
    children: [
      { path: '/', element: <OrganisationsPage /> },
      { path: '/fleet/:slug', element: <OrganisationPage /> },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
])
