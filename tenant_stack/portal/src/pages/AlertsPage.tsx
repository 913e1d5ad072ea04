import {
  Age,
  Chip,
  Field,
  Instant,
  listKey,
  PageHeader,
  ResourceForm,
  ResourceTable,
  type Column,
  type Filter,
  type Tone,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, list } from '../api/client.ts'
import { ALERTS, type Alert, type Severity } from '../api/clocks.ts'
import { deviceName, findDevices } from '../api/paths.ts'
import { useLiveMessages } from '../live.tsx'
import { useCan } from '../session.ts'

const SEVERITIES: Record<Severity, [Tone, string]> = {
  critical: ['bad', 'Critical'],
  warning: ['warn', 'Warning'],
  info: ['note', 'For information'],
}

const FILTERS: Filter[] = [
  {
    kind: 'select',
    name: 'state',
    label: 'Open now',
    options: [{ value: 'closed', label: 'Closed' }],
    width: 150,
  },
  {
    kind: 'select',
    name: 'severity',
    label: 'Any severity',
    options: (Object.keys(SEVERITIES) as Severity[]).map((value) => ({ value, label: SEVERITIES[value][1] })),
    width: 170,
  },
  { kind: 'lookup', name: 'device_id', label: 'Any clock', search: findDevices, nameOf: deviceName, width: 200 },
]

const COLUMNS: Column<Alert>[] = [
  {
    key: 'severity',
    title: 'Severity',
    card: 'main',
    csv: (alert) => alert.severity,
    render: (alert) => <Chip tone={SEVERITIES[alert.severity][0]}>{SEVERITIES[alert.severity][1]}</Chip>,
  },
  {
    key: 'text',
    title: 'What is the matter',
    card: 'title',
    csv: (alert) => `${alert.title}: ${alert.text}`,
    render: (alert) => (
      <span className="two-lines wrapping">
        <strong>{alert.title}</strong>
        <span>{alert.text}</span>
      </span>
    ),
  },
  {
    key: 'device',
    title: 'Clock',
    card: 'main',
    csv: (alert) => alert.device_serial,
    render: (alert) =>
      alert.device_id ? (
        <Link className="nowrap" to={`/devices/${alert.device_id}`}>
          {alert.device_name ?? alert.device_serial}
        </Link>
      ) : (
        '–'
      ),
  },
  {
    key: 'opened_at',
    title: 'Since',
    card: 'main',
    csv: (alert) => alert.opened_at,
    render: (alert) => (
      <span className="two-lines">
        <Age at={alert.opened_at} />
        {alert.times > 1 && <span>{alert.times} times</span>}
      </span>
    ),
  },
]

const OVER: Column<Alert> = {
  key: 'closed_at',
  title: 'Over',
  card: 'main',
  csv: (alert) => alert.closed_at,
  render: (alert) => <Instant at={alert.closed_at} />,
}

function takenUp(onTake: ((alert: Alert) => void) | null): Column<Alert> {
  return {
    key: 'acknowledged',
    title: 'Taken up by',
    card: 'main',
    csv: (alert) => alert.acknowledged_by,
    render: (alert) => {
      if (alert.acknowledged_by) {
        return (
          <span className="two-lines wrapping">
            {alert.acknowledged_by}
            {alert.note && <span>{alert.note}</span>}
          </span>
        )
      }
      if (alert.closed_at || !onTake) return '–'
      return (
        <Button size="small" onClick={() => onTake(alert)}>
          Take it up
        </Button>
      )
    },
  }
}

export default function AlertsPage() {
  const can = useCan()
  const client = useQueryClient()
  const [params] = useSearchParams()
  const [taking, setTaking] = useState<Alert | null>(null)
  const mayTake = can('devices:sync')
  const closed = params.get('state') === 'closed'
  const columns = useMemo(
    () => [...COLUMNS, ...(closed ? [OVER] : []), takenUp(mayTake ? setTaking : null)],
    [closed, mayTake],
  )
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'alerts')) {
      void client.invalidateQueries({ queryKey: listKey(ALERTS) })
    }
  })
  const take = async ({ note }: { note?: string }) => {
    await api.post('/api/alerts/{alert_id}/acknowledge', {
      path: { alert_id: taking?.id ?? '' },
      body: { note: note ?? '' },
    })
    await client.invalidateQueries()
    setTaking(null)
  }
  return (
    <>
      <PageHeader
        title="Alerts"
        note="What is the matter with the clocks. An alert closes by itself when its cause is gone."
      />
      <ResourceTable<Alert>
        id="alerts"
        label="Alerts"
        path={list(ALERTS)}
        pollMs={30_000}
        rowKey={(alert) => alert.id}
        columns={columns}
        filters={FILTERS}
        empty={
          closed
            ? { title: 'No alert has closed yet', hint: 'Alerts whose cause is gone are kept here.' }
            : {
                title: 'Nothing is the matter',
                hint: 'Clocks that fall silent, show the wrong time or lose count appear here.',
              }
        }
      />
      <ResourceForm<{ note?: string }>
        open={taking !== null}
        title="Take this alert up"
        submitLabel="Take it up"
        initial={{}}
        onSubmit={take}
        onClose={() => setTaking(null)}
      >
        <p>{taking?.text}</p>
        <Field name="note" label="What is being done about it" extra="Others see it. It may stay empty.">
          <Input.TextArea rows={3} maxLength={500} />
        </Field>
      </ResourceForm>
    </>
  )
}
