import { dateIn, listKey, ResourceTable, WallTime, type Column, type Filter } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { list } from '../api/client.ts'
import { deviceName, findDevices, findStaff, PUNCHES, staffName } from '../api/paths.ts'
import type { PunchLog } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useSession } from '../session.ts'
import { FlagChips, flagWords, punchedBy, spoken } from '../words.tsx'
import { PunchTabs } from './PunchTabs.tsx'

const COLUMNS: Column<PunchLog>[] = [
  {
    key: 'local_time',
    title: 'Time at the site',
    card: 'main',
    csv: (punch) => punch.local_time,
    render: (punch) => <WallTime local={punch.local_time} zone={punch.zone} />,
  },
  {
    key: 'who',
    title: 'Who',
    card: 'title',
    csv: (punch) => punch.staff_name,
    render: (punch) =>
      punch.staff_id ? <Link to={`/staff/${punch.staff_id}`}>{punchedBy(punch)}</Link> : punchedBy(punch),
  },
  {
    key: 'employee_id',
    title: 'Employee number',
    optional: true,
    csv: (punch) => punch.employee_id,
    render: (punch) => punch.employee_id ?? '–',
  },
  {
    key: 'pin',
    title: 'PIN',
    csv: (punch) => punch.pin,
    render: (punch) => <span className="number">{punch.pin}</span>,
  },
  {
    key: 'device',
    title: 'Clock',
    card: 'main',
    csv: (punch) => punch.device_name,
    render: (punch) => <Link to={`/devices/${punch.device_id}`}>{punch.device_name}</Link>,
  },
  {
    key: 'status',
    title: 'In or out',
    card: 'main',
    csv: (punch) => punch.status_name,
    render: (punch) => spoken(punch.status_name),
  },
  { key: 'verify', title: 'Method', csv: (punch) => punch.verify_name, render: (punch) => spoken(punch.verify_name) },
  { key: 'flags', title: 'Flags', csv: flagWords, render: (punch) => <FlagChips flags={punch.flags} /> },
  {
    key: 'punched_at',
    title: 'UTC',
    optional: true,
    csv: (punch) => punch.punched_at,
    render: (punch) => <span className="number">{punch.punched_at}</span>,
  },
  {
    key: 'received_at',
    title: 'Received (UTC)',
    optional: true,
    csv: (punch) => punch.received_at,
    render: (punch) => <span className="number">{punch.received_at}</span>,
  },
  { key: 'zone', title: 'Zone', optional: true, csv: (punch) => punch.zone, render: (punch) => punch.zone },
  {
    key: 'source',
    title: 'Came by',
    optional: true,
    csv: (punch) => punch.source,
    render: (punch) => spoken(punch.source),
  },
]

export default function PunchesPage() {
  const client = useQueryClient()
  const { zone } = useSession().organisation
  const [unseen, setUnseen] = useState(0)
  const today = dateIn(zone)
  const filters = useMemo<Filter[]>(
    () => [
      { kind: 'dates', from: 'from', to: 'to', label: 'Dates at the site', today },
      { kind: 'lookup', name: 'staff_id', label: 'Person', search: findStaff, nameOf: staffName },
      { kind: 'lookup', name: 'device_id', label: 'Clock', search: findDevices, nameOf: deviceName },
      { kind: 'toggle', name: 'unknown', label: 'Unknown PINs only' },
    ],
    [today],
  )
  useLiveMessages((messages) => {
    const punches = messages.filter((message) => message.type === 'punch').length
    if (punches) setUnseen((count) => count + punches)
  })
  return (
    <>
      <PunchTabs />
      <ResourceTable<PunchLog>
        id="punches"
        label="Punch log"
        path={list(PUNCHES)}
        rowKey={(punch) => punch.id}
        columns={COLUMNS}
        filters={filters}
        news={{
          count: unseen,
          words: unseen === 1 ? 'punch came in' : 'punches came in',
          onShow: () => {
            setUnseen(0)
            void client.invalidateQueries({ queryKey: listKey(PUNCHES) })
          },
        }}
        empty={{
          title: 'No punches yet',
          hint: (
            <>
              As soon as somebody punches on an approved clock, the line is here. Are the clocks connected? See{' '}
              <Link to="/devices">Clocks</Link>.
            </>
          ),
        }}
      />
    </>
  )
}
