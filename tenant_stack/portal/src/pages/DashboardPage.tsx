import { ErrorPanel, longDate, PageHeader, Panel, timeIn, useNow } from '@punctual/portal-kit'
import { Skeleton } from 'antd'
import { Link } from 'react-router'
import type { Dashboard } from '../api/types.ts'
import { useLiveState } from '../live.tsx'
import { DeviceStrip } from './DeviceStrip.tsx'
import { FirstRun } from './FirstRun.tsx'
import { HourChart } from './HourChart.tsx'
import { LiveFeed } from './LiveFeed.tsx'
import { useDashboard } from './useDashboard.ts'

type Tile = { label: string; value: number; of?: number; hint: string; to: string; alert?: boolean }

function tiles(data: Dashboard): Tile[] {
  const today = `from=${data.date}&to=${data.date}`
  return [
    {
      label: 'Present today',
      value: data.present,
      of: data.staff_total,
      hint: 'have punched',
      to: `/attendance?${today}`,
    },
    {
      label: 'Missing checkout',
      value: data.missing_out,
      hint: 'in, but not out yet',
      to: `/attendance?${today}&status=incomplete`,
    },
    {
      label: 'Unknown PIN',
      value: data.unknown_today,
      hint: 'punches of nobody we know',
      to: `/punches?${today}&unknown=true`,
      alert: data.unknown_today > 0,
    },
    { label: 'Staff', value: data.staff_total, hint: 'on the roster', to: '/staff' },
  ]
}

function TileLink({ tile }: { tile: Tile }) {
  return (
    <Link to={tile.to} className={tile.alert ? 'tile tile-alert' : 'tile'}>
      <span className="tile-label">{tile.label}</span>
      <span className="tile-value">
        {tile.value.toLocaleString('en')}
        {tile.of !== undefined && <small> of {tile.of.toLocaleString('en')}</small>}
      </span>
      <span className="tile-hint">{tile.hint}</span>
    </Link>
  )
}

/** How far the picture can be trusted: the quietest approved clock limits what we know. */
function freshness(data: Dashboard): string {
  const quiet = data.devices.filter((device) => device.status === 'late' || device.status === 'offline')
  if (data.devices.length === 0) return 'No clocks are connected yet.'
  if (quiet.length === 0) return `Complete up to ${timeIn(data.zone, data.generated_at)} ${data.zone}.`
  const heard = quiet.map((device) => {
    const at = device.last_seen_at ? `last heard ${timeIn(data.zone, device.last_seen_at, false)}` : 'never heard'
    return `${device.name} ${at}`
  })
  const rest = heard.length > 3 ? ` and ${heard.length - 3} more` : ''
  return `May be incomplete: ${heard.slice(0, 3).join(', ')}${rest} (${data.zone}).`
}

function LiveMark() {
  const { phase } = useLiveState()
  useNow()
  return (
    <span className={`live-mark live-${phase}`}>
      <span aria-hidden="true" className="live-dot" />
      {phase === 'live' ? 'Live' : phase === 'connecting' ? 'Connecting…' : 'Not live'}
    </span>
  )
}

export function DashboardPage() {
  const dashboard = useDashboard()
  const data = dashboard.data
  if (!data) {
    return dashboard.isError ? (
      <ErrorPanel error={dashboard.error} onRetry={() => void dashboard.refetch()} />
    ) : (
      <div aria-busy="true" role="status" aria-label="Loading the dashboard">
        <Skeleton active title paragraph={{ rows: 2 }} />
        <Skeleton active title={false} paragraph={{ rows: 8 }} />
      </div>
    )
  }
  return (
    <>
      <PageHeader title={longDate(data.date)} note={freshness(data)} actions={<LiveMark />} />
      <div className="stack">
        <FirstRun data={data} />
        <div className="tiles">
          {tiles(data).map((tile) => (
            <TileLink key={tile.label} tile={tile} />
          ))}
        </div>
        <div className="dashboard-columns">
          <Panel title="Punches as they come" flush extra={<Link to="/punches">All punches</Link>}>
            <LiveFeed punches={data.recent} today={data.date} />
          </Panel>
          <div className="stack">
            <Panel title="Clocks" flush extra={<Link to="/devices">All clocks</Link>}>
              <DeviceStrip devices={data.devices} waiting={data.waiting_devices} />
            </Panel>
            <Panel title="Punches by hour" extra={<span className="zone">{data.zone}</span>}>
              <HourChart bars={data.by_hour} />
            </Panel>
          </div>
        </div>
      </div>
    </>
  )
}
