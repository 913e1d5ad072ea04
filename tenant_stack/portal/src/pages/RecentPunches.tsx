import { EmptyState, ErrorPanel, WallTime } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { Link } from 'react-router'
import { api } from '../api/client.ts'
import { PUNCHES } from '../api/paths.ts'
import type { PunchLog } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { FlagChips, punchedBy, spoken } from '../words.tsx'

/** The clock on a person's page, the person on a clock's page; each leads to its own page. */
function Other({ punch, forStaff }: { punch: PunchLog; forStaff: boolean }) {
  if (forStaff)
    return punch.device_id ? <Link to={`/devices/${punch.device_id}`}>{punch.device_name}</Link> : punch.device_name
  return punch.staff_id ? (
    <Link to={`/staff/${punch.staff_id}`}>{punchedBy(punch)}</Link>
  ) : (
    <span>{punchedBy(punch)}</span>
  )
}

type Props = { by: { staff_id: string } | { device_id: string } }

/** The last ten punches of one person or on one clock, with what that page does not already say. */
export function RecentPunches({ by }: Props) {
  const client = useQueryClient()
  const queryKey = ['recent-punches', by]
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => api.get(PUNCHES, { query: { ...by, limit: 10 }, signal }),
  })
  const forStaff = 'staff_id' in by
  useLiveMessages((messages) => {
    const concerned = messages.some(
      (message) =>
        message.type === 'punch' &&
        (forStaff ? message.punch.staff_id === by.staff_id : message.punch.device_id === by.device_id),
    )
    if (concerned) void client.invalidateQueries({ queryKey })
  })
  if (query.isError && !query.data) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) {
    return (
      <div className="panel-body">
        <Skeleton active title={false} paragraph={{ rows: 4 }} />
      </div>
    )
  }
  if (query.data.items.length === 0) {
    return <EmptyState title="No punches yet" hint="The first one appears here without reloading." />
  }
  return (
    <ul className="strip">
      {query.data.items.map((punch) => (
        <li key={punch.id}>
          <div className="strip-line">
            <WallTime local={punch.local_time} zone={punch.zone} />
            <Other punch={punch} forStaff={forStaff} />
          </div>
          <div className="strip-why">
            <span>
              {spoken(punch.status_name)} · {spoken(punch.verify_name)}
            </span>
            <FlagChips flags={punch.flags} />
          </div>
        </li>
      ))}
    </ul>
  )
}
