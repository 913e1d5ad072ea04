import { Age, ConfirmButton, ErrorPanel, Facts, offsetText, PageHeader, Panel, type Fact } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { api } from '../api/client.ts'
import { deviceKey } from '../api/paths.ts'
import type { Device, DeviceStatusDetail } from '../api/types.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'
import { DeviceChip } from '../words.tsx'
import { ActionsPanel, TrustPanel } from './ClockActions.tsx'
import { CommandsPanel } from './CommandsPanel.tsx'
import { CompletenessPanel } from './CompletenessPanel.tsx'
import { ApproveForm, DeviceForm } from './DeviceForms.tsx'
import { RecentPunches } from './RecentPunches.tsx'
import { SyncHistory, SyncProgress, useSyncNow } from './SyncPanel.tsx'

const REFRESH_MS = 10_000

const number = (value: number | null | undefined) =>
  value === null || value === undefined ? null : <span className="number">{value.toLocaleString('en')}</span>

function statusFacts(device: Device, status: DeviceStatusDetail | undefined): Fact[] {
  const heard = status?.last_seen ?? {}
  const signs = (
    [
      ['Handshake', heard.handshake],
      ['Poll', heard.poll],
      ['Upload', heard.upload],
      ['Command', heard.command],
      ['Pull', heard.pull],
    ] as const
  ).filter(([, at]) => at)
  return [
    { label: 'Clock difference', value: offsetText(status?.clock_offset_seconds ?? device.clock_offset_seconds) },
    { label: 'Last sync', value: <Age at={status?.last_sync_at ?? device.last_sync_at} /> },
    { label: 'Commands queued', value: number(status?.queued_commands) },
    ...signs.map(([label, at]) => ({ label: `Last ${label.toLowerCase()}`, value: <Age at={at} /> })),
  ]
}

/** What the clock says it holds, and of how much: label, its count, its capacity, as the clock names them. */
const HELD = [
  ['People', 'users', 'user_capacity'],
  ['Administrators', 'administrators', null],
  ['Fingers', 'fingers', 'finger_capacity'],
  ['Faces', 'faces', 'face_capacity'],
  ['Punches in its log', 'logs', 'punch_capacity'],
] as const

function countFacts(counts: Device['counts']): Fact[] {
  return HELD.flatMap(([label, name, limit]) => {
    const held = counts[name]
    const most = limit ? counts[limit] : undefined
    // A clock without a camera counts no faces of none.
    if (held === undefined || (held === 0 && most === 0)) return []
    const value = (
      <span className="number">
        {held.toLocaleString('en')}
        {most ? ` of ${most.toLocaleString('en')}` : ''}
      </span>
    )
    return [{ label, value }]
  })
}

function deviceFacts(device: Device): Fact[] {
  const facts: Fact[] = [
    { label: 'Serial number', value: <code>{device.device_serial}</code> },
    { label: 'Connection', value: device.connection === 'push' ? 'Push: it calls us' : 'Pull: we call it' },
    { label: 'Time zone', value: device.zone },
    { label: 'Place', value: device.location },
    { label: 'Firmware', value: device.firmware },
    { label: 'Last called from', value: device.source_address },
  ]
  if (device.connection === 'pull') facts.push({ label: 'Address', value: `${device.ip_address}:${device.port}` })
  return [...facts, ...countFacts(device.counts)]
}

export default function DeviceDetailPage() {
  const { id = '' } = useParams()
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [editing, setEditing] = useState(false)
  const [approving, setApproving] = useState(false)
  const query = useQuery({
    queryKey: deviceKey(id),
    queryFn: ({ signal }) => api.get('/api/devices/{device_id}', { path: { device_id: id }, signal }),
    refetchInterval: REFRESH_MS,
  })
  const status = useQuery({
    queryKey: [...deviceKey(id), 'status'],
    queryFn: ({ signal }) => api.get('/api/devices/{device_id}/status', { path: { device_id: id }, signal }),
    refetchInterval: REFRESH_MS,
  })
  const sync = useSyncNow(id)
  useLiveMessages((messages) => {
    const concerned = messages.some(
      (message) =>
        (message.type === 'device' && message.device.id === id) ||
        (message.type === 'punch' && message.punch.device_id === id),
    )
    if (concerned) void client.invalidateQueries({ queryKey: deviceKey(id) })
  })
  const syncState = sync.current?.state
  useEffect(() => {
    // The counts are only right again once the sync has ended.
    if (syncState === 'done' || syncState === 'failed') void client.invalidateQueries({ queryKey: deviceKey(id) })
  }, [syncState, client, id])

  const device = query.data
  if (!device) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 8 }} />
  }
  const waiting = device.status === 'waiting_approval'
  const shown = status.data ?? device
  const remove = async () => {
    await api.delete('/api/devices/{device_id}', { path: { device_id: id } })
    await navigate('/devices')
    client.removeQueries({ queryKey: deviceKey(id) })
    await client.invalidateQueries()
  }
  return (
    <>
      <p className="crumb">
        <Link to="/devices">Clocks</Link> / {device.device_serial}
      </p>
      <PageHeader
        title={
          <>
            {device.name || device.device_serial} <DeviceChip status={shown.status} />
          </>
        }
        note={
          <>
            {shown.status_message ? `${shown.status_message}. ` : ''}
            Last heard <Age at={device.last_seen_at} />.
          </>
        }
        actions={
          <>
            {waiting && can('devices:update') && (
              <Button type="primary" onClick={() => setApproving(true)}>
                Approve
              </Button>
            )}
            {!waiting && can('devices:sync') && (
              <Button type="primary" loading={sync.underWay} onClick={() => void sync.start()}>
                {sync.underWay ? 'Syncing' : 'Sync now'}
              </Button>
            )}
            {!waiting && can('devices:update') && <Button onClick={() => setEditing(true)}>Edit</Button>}
            {can('devices:delete') && (
              <ConfirmButton
                question={`Delete ${device.name || device.device_serial}?`}
                consequence="A clock whose punches are stored cannot be deleted: its punches would lose their origin."
                confirmLabel="Delete"
                refusal="The clock was not deleted"
                action={remove}
              >
                Delete
              </ConfirmButton>
            )}
          </>
        }
      />
      {sync.current && <SyncProgress sync={sync.current} />}
      <div className="stack">
        <Panel title="Status">
          <Facts items={statusFacts(device, status.data)} />
        </Panel>
        {!waiting && (
          <div className="columns-2">
            <CompletenessPanel completeness={status.data?.completeness} />
            <TrustPanel device={device} />
          </div>
        )}
        <Panel title="The clock">
          <Facts items={deviceFacts(device)} />
        </Panel>
        {!waiting && <ActionsPanel device={device} />}
        <div className="columns-2">
          <div className="stack">
            {!waiting && <CommandsPanel deviceId={id} />}
            <Panel title="Sync history" flush>
              <SyncHistory deviceId={id} />
            </Panel>
          </div>
          <Panel title="Recent punches" flush extra={<Link to={`/punches?device_id=${id}`}>All punches</Link>}>
            <RecentPunches by={{ device_id: id }} />
          </Panel>
        </div>
      </div>
      <DeviceForm open={editing} device={device} onClose={() => setEditing(false)} onSaved={() => setEditing(false)} />
      <ApproveForm device={approving ? device : null} onClose={() => setApproving(false)} />
    </>
  )
}
