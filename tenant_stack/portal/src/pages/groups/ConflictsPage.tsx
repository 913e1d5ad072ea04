import { Instant, ResourceTable, type Column, type Filter } from '@punctual/portal-kit'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { list } from '../../api/client.ts'
import { CONFLICTS, type Conflict } from '../../api/groups.ts'
import { deviceName, findDevices, findStaff, staffName } from '../../api/paths.ts'
import { useCan } from '../../session.ts'
import { ConflictDrawer } from './ConflictDrawer.tsx'
import { DecisionChip, KIND_OPTIONS, kindWords, STATE_OPTIONS } from './conflictWords.tsx'
import { DeviceTabs } from './DeviceTabs.tsx'
import { ResolveManyForm } from './ResolveManyForm.tsx'

const FILTERS: Filter[] = [
  { kind: 'select', name: 'state', label: 'Any state', options: STATE_OPTIONS, width: 140 },
  { kind: 'select', name: 'kind', label: 'Any kind', options: KIND_OPTIONS, width: 210 },
  { kind: 'lookup', name: 'device_id', label: 'Any clock', search: findDevices, nameOf: deviceName, width: 180 },
  { kind: 'lookup', name: 'staff_id', label: 'Anybody', search: findStaff, nameOf: staffName, width: 180 },
]

const said = (facts: Conflict['ours'], fields: string[]) => {
  if (!facts) return '–'
  const words = [facts.name || 'No name']
  if (fields.includes('card')) words.push(facts.card ? `card ${facts.card}` : 'no card')
  if (fields.includes('privilege')) words.push(facts.privilege ? `right ${facts.privilege}` : 'ordinary user')
  return words.join(', ')
}

function columnsOf(open: (conflict: Conflict) => void): Column<Conflict>[] {
  return [
    {
      key: 'created_at',
      title: 'When',
      card: 'main',
      csv: (conflict) => conflict.created_at,
      render: (conflict) => <Instant at={conflict.created_at} />,
    },
    {
      key: 'who',
      title: 'Who',
      card: 'title',
      csv: (conflict) => conflict.staff_name ?? `PIN ${conflict.pin}`,
      render: (conflict) => (
        <span className="two-lines">
          {conflict.staff_id ? (
            <Link to={`/staff/${conflict.staff_id}`}>{conflict.staff_name}</Link>
          ) : (
            <span>PIN {conflict.pin}</span>
          )}
          <span>
            PIN {conflict.pin} on {conflict.device_name}
          </span>
        </span>
      ),
    },
    {
      key: 'kind',
      title: 'What',
      card: 'main',
      csv: (conflict) => kindWords(conflict.kind),
      render: (conflict) => kindWords(conflict.kind),
    },
    {
      key: 'ours',
      title: 'Ours',
      csv: (conflict) => said(conflict.ours, conflict.fields),
      render: (conflict) => said(conflict.ours, conflict.fields),
    },
    {
      key: 'theirs',
      title: 'The clock’s',
      card: 'main',
      csv: (conflict) => said(conflict.theirs, conflict.fields),
      render: (conflict) => said(conflict.theirs, conflict.fields),
    },
    {
      key: 'decision',
      title: 'Decision',
      card: 'main',
      csv: (conflict) => conflict.taken ?? 'open',
      render: (conflict) => <DecisionChip conflict={conflict} />,
    },
    {
      key: 'actions',
      title: 'Next',
      card: 'main',
      render: (conflict) => (
        <Button
          size="small"
          aria-label={`Look at ${conflict.staff_name ?? `PIN ${conflict.pin}`}`}
          onClick={() => open(conflict)}
        >
          {conflict.state === 'open' ? 'Decide' : 'Look'}
        </Button>
      ),
    },
  ]
}

export default function ConflictsPage() {
  const can = useCan()
  const [shown, setShown] = useState<Conflict | null>(null)
  const [many, setMany] = useState(false)
  const columns = useMemo(() => columnsOf(setShown), [])
  return (
    <>
      <DeviceTabs
        note="Where a clock and we said different things. The later change counts; what the rule decided is listed too, and can be overturned."
        actions={can('staff:update') && <Button onClick={() => setMany(true)}>Decide all of one kind</Button>}
      />
      <ResourceTable<Conflict>
        id="conflicts"
        label="Conflicts"
        path={list(CONFLICTS)}
        rowKey={(conflict) => conflict.id}
        columns={columns}
        filters={FILTERS}
        empty={{
          title: 'Clocks and we agree',
          hint: 'What is changed at a clock appears here, with what it was before.',
        }}
      />
      <ConflictDrawer conflict={shown} onClose={() => setShown(null)} />
      <ResolveManyForm open={many} onClose={() => setMany(false)} />
    </>
  )
}
