import { Age, Chip, ResourceTable, type Column } from '@punctual/portal-kit'
import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import '../../payroll.css'
import { list } from '../../api/client.ts'
import { eventWords, WEBHOOKS, type Webhook } from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { PayrollTabs } from './PayrollTabs.tsx'
import { WebhookForm } from './WebhookForm.tsx'

export function WebhookChip({ hook }: { hook: Webhook }) {
  if (!hook.active) {
    return (
      <Chip tone={hook.disabled_reason ? 'bad' : 'idle'} title={hook.disabled_reason || undefined}>
        {hook.disabled_reason ? 'Disabled' : 'Off'}
      </Chip>
    )
  }
  return hook.failing_since ? <Chip tone="warn">Failing</Chip> : <Chip tone="ok">On</Chip>
}

const COLUMNS: Column<Webhook>[] = [
  {
    key: 'name',
    title: 'Webhook',
    card: 'title',
    csv: (hook) => hook.name,
    render: (hook) => (
      <span className="two-lines">
        <Link to={`/payroll/webhooks/${hook.id}`}>{hook.name}</Link>
        <span>{hook.url}</span>
      </span>
    ),
  },
  {
    key: 'state',
    title: 'State',
    card: 'main',
    csv: (hook) => hook.disabled_reason || (hook.active ? 'on' : 'off'),
    render: (hook) => (
      <span className="two-lines">
        <span>
          <WebhookChip hook={hook} />
        </span>
        {hook.disabled_reason && <span>{hook.disabled_reason}</span>}
      </span>
    ),
  },
  {
    key: 'events',
    title: 'Is told when',
    csv: (hook) => hook.events.join(' '),
    render: (hook) => hook.events.map(eventWords).join('; '),
  },
  {
    key: 'last',
    title: 'Last arrived',
    card: 'main',
    csv: (hook) => hook.last_success_at,
    render: (hook) => <Age at={hook.last_success_at} />,
  },
  {
    key: 'queue',
    title: 'Waiting, failed',
    align: 'right',
    csv: (hook) => `${hook.waiting} ${hook.failed}`,
    render: (hook) => (
      <span className="number">
        {hook.waiting}, {hook.failed}
      </span>
    ),
  },
]

export default function WebhooksPage() {
  const can = useCan()
  const [adding, setAdding] = useState(false)
  const add = can('settings:update') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      New webhook
    </Button>
  )
  return (
    <>
      <PayrollTabs
        note="Other systems are told what happened: signed, tried again for a day, never to a private address."
        actions={add}
      />
      <ResourceTable<Webhook>
        id="webhooks"
        label="Webhooks"
        path={list(WEBHOOKS)}
        rowKey={(hook) => hook.id}
        rowLink={(hook) => `/payroll/webhooks/${hook.id}`}
        columns={COLUMNS}
        pollMs={15_000}
        empty={{
          title: 'Nobody is told yet',
          hint: 'A webhook tells your payroll system when a period is approved or locked, and when something is corrected.',
          action: add,
        }}
      />
      <WebhookForm open={adding} hook={null} onClose={() => setAdding(false)} />
    </>
  )
}
