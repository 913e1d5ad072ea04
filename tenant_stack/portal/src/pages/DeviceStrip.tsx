import { Age, counted, EmptyState } from '@punctual/portal-kit'
import { Link } from 'react-router'
import type { DashboardDevice, DeviceStatus } from '../api/types.ts'
import { DeviceChip } from '../words.tsx'

const WORST_FIRST: DeviceStatus[] = ['waiting_approval', 'offline', 'late', 'never_seen', 'online']

/** Every clock with its state, the reason for it and how old that knowledge is; troubled ones first. */
export function DeviceStrip({ devices, waiting }: { devices: DashboardDevice[]; waiting: number }) {
  const sorted = [...devices].sort((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status))
  return (
    <>
      {waiting > 0 && (
        <Link className="strip-waiting" to="/devices?status=waiting_approval">
          {counted(waiting, 'clock waits', 'clocks wait')} for approval
        </Link>
      )}
      {sorted.length === 0 && waiting === 0 && (
        <EmptyState title="No clocks yet" hint={<Link to="/devices?add=1">Add the first one</Link>} />
      )}
      <ul className="strip strip-scroll" tabIndex={0} aria-label="Clocks">
        {sorted.map((device) => (
          <li key={device.id}>
            <div className="strip-line">
              <Link to={`/devices/${device.id}`}>{device.name}</Link>
              <DeviceChip status={device.status} />
            </div>
            <div className="strip-why">
              <span>{device.status_message}</span>
              <Age at={device.last_seen_at} never="never heard" />
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}
