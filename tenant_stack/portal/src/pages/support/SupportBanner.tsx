import { Banner, timeIn, useNow } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import type { SupportAccess } from '../../api/support.ts'
import { useCan, useSession } from '../../session.ts'

const LOOK_MS = 10_000

export const supportNowKey = ['support-now'] as const

/** What everybody signed in reads while an operator of the platform looks in, and administrators while one asks to. */
export function SupportBanner() {
  const { zone } = useSession().organisation
  const can = useCan()
  const now = useNow()
  const query = useQuery({
    queryKey: supportNowKey,
    queryFn: ({ signal }) => api.get('/api/support/now', { signal }),
    refetchInterval: LOOK_MS,
  })
  if (!query.data) return null
  const { own, waiting } = query.data
  const open = query.data.open.filter((each) => Date.parse(each.ends_at) > now)
  const until = (access: SupportAccess) => `${timeIn(zone, Date.parse(access.ends_at))} ${zone}`
  const does = (access: SupportAccess) => (access.write ? 'can read and change data' : 'can read data')
  const toSettings = can('settings:read') && <Link to="/settings">Show in the settings</Link>
  return (
    <>
      {open.map((access) => (
        <Banner key={access.id} tone="warn">
          {access.id === own
            ? `You are here as support (${access.ticket}) and ${does(access).replace('can', 'may')} until ${until(access)}. `
            : `Support access: ${access.operator} ${does(access)} until ${until(access)} (${access.ticket}). `}
          {toSettings}
        </Banner>
      ))}
      {waiting.map((access) => (
        <Banner key={access.id} tone="info">
          {access.operator} asks for support access ({access.ticket}). {toSettings}
        </Banner>
      ))}
    </>
  )
}
