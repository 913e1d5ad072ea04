import { Instant, ResourceTable, type Column } from '@punctual/portal-kit'
import { Link } from 'react-router'
import { QUARANTINE } from '../api/paths.ts'
import type { QuarantinedLine } from '../api/types.ts'
import { PunchTabs } from './PunchTabs.tsx'

/** Clocks separate fields by tabs, which nobody can see. */
const visibleTabs = (raw: string) => raw.replaceAll('\t', ' ⇥ ')

const COLUMNS: Column<QuarantinedLine>[] = [
  {
    key: 'received_at',
    title: 'Received',
    card: 'main',
    csv: (line) => line.received_at,
    render: (line) => <Instant at={line.received_at} />,
  },
  {
    key: 'device',
    title: 'Clock',
    card: 'main',
    csv: (line) => line.device_serial,
    render: (line) =>
      line.device_id ? <Link to={`/devices/${line.device_id}`}>{line.device_serial}</Link> : line.device_serial,
  },
  { key: 'reason', title: 'Why it could not be read', card: 'title', csv: (line) => line.reason, render: (line) => line.reason },
  {
    key: 'raw',
    title: 'The line itself',
    card: 'main',
    csv: (line) => line.raw,
    render: (line) => <code className="raw-line">{visibleTabs(line.raw)}</code>,
  },
]

export default function QuarantinePage() {
  return (
    <>
      <PunchTabs />
      <ResourceTable<QuarantinedLine>
        id="quarantine"
        label="Quarantine"
        path={QUARANTINE}
        rowKey={(line) => line.id}
        columns={COLUMNS}
        empty={{
          title: 'Nothing is in quarantine',
          hint: 'A line that cannot be read is kept here instead of being dropped, and never holds up the good ones.',
        }}
      />
    </>
  )
}
