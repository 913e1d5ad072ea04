import { Age, PageHeader, Panel, ResourceTable, type Column, type Filter } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, list } from '../api/client.ts'
import { DEVICES } from '../api/paths.ts'
import type { Device } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { DEVICE_OPTIONS, DeviceChip } from '../words.tsx'
import { ApproveForm, DeviceForm } from './DeviceForms.tsx'
import { useAddFlag } from './useAddFlag.ts'

const LOOK_FOR_CALLERS_MS = 5_000
const REFRESH_MS = 15_000

const FILTERS: Filter[] = [{ kind: 'select', name: 'status', label: 'Any status', options: DEVICE_OPTIONS, width: 180 }]

const COLUMNS: Column<Device>[] = [
  {
    key: 'name',
    title: 'Name',
    card: 'title',
    csv: (device) => device.name,
    render: (device) => (
      <span className="two-lines">
        <Link to={`/devices/${device.id}`}>{device.name || device.device_serial}</Link>
        {device.location && <span>{device.location}</span>}
      </span>
    ),
  },
  {
    key: 'status',
    title: 'Status',
    card: 'main',
    csv: (device) => device.status,
    render: (device) => <DeviceChip status={device.status} message={device.status_message} />,
  },
  {
    key: 'reason',
    title: 'Reason',
    csv: (device) => device.status_message,
    render: (device) => device.status_message ?? '–',
  },
  {
    key: 'last_seen',
    title: 'Last heard',
    card: 'main',
    csv: (device) => device.last_seen_at,
    render: (device) => <Age at={device.last_seen_at} />,
  },
  {
    key: 'serial',
    title: 'Serial number',
    csv: (device) => device.device_serial,
    render: (device) => <code className="nowrap">{device.device_serial}</code>,
  },
  {
    key: 'connection',
    title: 'Connection',
    csv: (device) => device.connection,
    render: (device) => (device.connection === 'push' ? 'Push' : 'Pull'),
  },
  { key: 'zone', title: 'Zone', optional: true, csv: (device) => device.zone, render: (device) => device.zone ?? '–' },
  {
    key: 'firmware',
    title: 'Firmware',
    optional: true,
    csv: (device) => device.firmware,
    render: (device) => device.firmware ?? '–',
  },
  {
    key: 'stored',
    title: 'Punches stored',
    card: 'main',
    align: 'right',
    csv: (device) => device.stored_punches,
    render: (device) => <span className="number">{device.stored_punches.toLocaleString('en')}</span>,
  },
]

function WaitingDevices() {
  const can = useCan()
  const [chosen, setChosen] = useState<Device | null>(null)
  const waiting = useQuery({
    queryKey: ['waiting-devices'],
    queryFn: ({ signal }) => api.get(DEVICES, { query: { status: 'waiting_approval', limit: 50 }, signal }),
    refetchInterval: LOOK_FOR_CALLERS_MS,
  })
  const items = waiting.data?.items ?? []
  return (
    <>
      {items.length > 0 && (
        <Panel title="Waiting for approval" flush className="approval">
          <ul className="approval-list">
            {items.map((device) => (
              <li key={device.id}>
                <span className="two-lines">
                  <code>{device.device_serial}</code>
                  <span>
                    {device.source_address && `called from ${device.source_address}, `}
                    <Age at={device.last_seen_at} />
                  </span>
                </span>
                {can('devices:update') && (
                  <Button type="primary" onClick={() => setChosen(device)}>
                    Approve
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <ApproveForm device={chosen} onClose={() => setChosen(null)} />
    </>
  )
}

export default function DevicesPage() {
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [adding, setAdding] = useAddFlag()
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'device')) {
      void client.invalidateQueries({ queryKey: ['list', DEVICES] })
      void client.invalidateQueries({ queryKey: ['waiting-devices'] })
    }
  })
  const addButton = can('devices:create') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      Add a clock
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Clocks"
        note="Where people punch, how each clock is, and what came of it."
        actions={addButton}
      />
      <div className="stack">
        <WaitingDevices />
        <ResourceTable<Device>
          id="devices"
          label="Clocks"
          path={list(DEVICES)}
          pollMs={REFRESH_MS}
          rowKey={(device) => device.id}
          rowLink={(device) => `/devices/${device.id}`}
          columns={COLUMNS}
          filters={FILTERS}
          searchLabel="Name, serial or place"
          empty={{
            title: 'No clocks yet',
            hint: 'Add the first one by its serial number, or point a clock here and approve it when it calls.',
            action: addButton,
          }}
        />
      </div>
      <DeviceForm
        open={adding}
        onClose={() => setAdding(false)}
        onSaved={(device) => void navigate(`/devices/${device.id}`)}
      />
    </>
  )
}
