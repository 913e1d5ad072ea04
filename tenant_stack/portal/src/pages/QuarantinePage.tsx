import {
  Chip,
  Field,
  Instant,
  listKey,
  ResourceForm,
  ResourceTable,
  useAction,
  type Column,
  type Filter,
  type Tone,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Input } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, list } from '../api/client.ts'
import { deviceName, findDevices, QUARANTINE } from '../api/paths.ts'
import type { QuarantinedLine } from '../api/types.ts'
import { useCan } from '../session.ts'
import { FailedPanels } from './FailedPanels.tsx'
import { PunchTabs } from './PunchTabs.tsx'

/** Clocks separate fields by tabs, which nobody can see. */
const visibleTabs = (raw: string) => raw.replaceAll('\t', ' ⇥ ')

const STATES: Record<QuarantinedLine['state'], [Tone, string]> = {
  open: ['warn', 'Waits'],
  replayed: ['ok', 'Taken in'],
  dismissed: ['idle', 'Dismissed'],
}

const FILTERS: Filter[] = [
  {
    kind: 'select',
    name: 'state',
    label: 'Any state',
    options: (Object.keys(STATES) as QuarantinedLine['state'][]).map((value) => ({ value, label: STATES[value][1] })),
    width: 150,
  },
  { kind: 'lookup', name: 'device_id', label: 'Any clock', search: findDevices, nameOf: deviceName, width: 200 },
]

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
  {
    key: 'reason',
    title: 'Why it could not be read',
    card: 'title',
    csv: (line) => line.reason,
    render: (line) => line.reason,
  },
  {
    key: 'raw',
    title: 'The line itself',
    card: 'main',
    csv: (line) => line.raw,
    render: (line) => <code className="raw-line">{visibleTabs(line.raw)}</code>,
  },
  {
    key: 'state',
    title: 'State',
    card: 'main',
    csv: (line) => line.state,
    render: (line) => (
      <span className="two-lines wrapping">
        <Chip tone={STATES[line.state][0]}>{STATES[line.state][1]}</Chip>
        {line.settled_by && (
          <span>
            by {line.settled_by}
            {line.note && `: ${line.note}`}
          </span>
        )}
        {line.state === 'open' && line.attempts > 0 && <span>Tried again {line.attempts} times</span>}
      </span>
    ),
  },
]

const lines = (count: number) => (count === 1 ? '1 line' : `${count.toLocaleString('en')} lines`)

export default function QuarantinePage() {
  const can = useCan()
  const client = useQueryClient()
  const { notification } = App.useApp()
  const { busy, run } = useAction()
  const [chosen, setChosen] = useState<string[]>([])
  const [dismissing, setDismissing] = useState(false)
  const mayChange = can('attendance:update')
  const refresh = async () => {
    setChosen([])
    await client.invalidateQueries({ queryKey: listKey(QUARANTINE) })
  }
  const replay = (body: { ids: string[] } | { all: true }) =>
    run('The lines were not taken in', async () => {
      const result = await api.post('/api/attendance/quarantine/replay', { body })
      notification.success({
        title: `${lines(result.replayed)} taken in`,
        description: `${result.stored} stored as punches, ${result.duplicate} known already, ${result.left} still cannot be read.`,
      })
      await refresh()
    })
  const dismiss = async ({ reason }: { reason: string }) => {
    await api.post('/api/attendance/quarantine/dismiss', { body: { ids: chosen, reason } })
    setDismissing(false)
    await refresh()
  }
  return (
    <>
      <PunchTabs />
      <div className="stack">
        {mayChange && (
          <div className="actions">
            <Button loading={busy} onClick={() => void replay({ all: true })}>
              Take all in again
            </Button>
            <Button disabled={chosen.length === 0} loading={busy} onClick={() => void replay({ ids: chosen })}>
              Take chosen in again{chosen.length > 0 && ` (${chosen.length})`}
            </Button>
            <Button disabled={chosen.length === 0} onClick={() => setDismissing(true)}>
              Dismiss chosen
            </Button>
          </div>
        )}
        <ResourceTable<QuarantinedLine>
          id="quarantine"
          label="Quarantine"
          path={list(QUARANTINE)}
          rowKey={(line) => line.id}
          columns={COLUMNS}
          filters={FILTERS}
          searchLabel="Line or reason"
          {...(mayChange && {
            selection: {
              keys: chosen,
              onChange: setChosen,
              name: (line: QuarantinedLine) => `line ${line.raw}`,
              selectable: (line: QuarantinedLine) => line.state === 'open',
            },
          })}
          empty={{
            title: 'Nothing is in quarantine',
            hint: 'A line that cannot be read is kept here instead of being dropped, and never holds up the good ones.',
          }}
        />
        <FailedPanels />
      </div>
      <ResourceForm<{ reason: string }>
        open={dismissing}
        title={`Dismiss ${lines(chosen.length)}`}
        submitLabel="Dismiss"
        initial={{}}
        onSubmit={dismiss}
        onClose={() => setDismissing(false)}
      >
        <p>They stay in this list, out of the way, with your reason.</p>
        <Field
          name="reason"
          label="Why they are no punches"
          rules={[{ required: true, whitespace: true, message: 'Say why' }]}
        >
          <Input.TextArea rows={3} maxLength={500} />
        </Field>
      </ResourceForm>
    </>
  )
}
