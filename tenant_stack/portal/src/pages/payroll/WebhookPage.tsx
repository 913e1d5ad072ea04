import {
  Chip,
  ConfirmButton,
  ErrorPanel,
  Facts,
  Instant,
  listKey,
  PageHeader,
  Panel,
  ResourceTable,
  useAction,
  type Column,
  type Filter,
  type Tone,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Skeleton } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import '../../payroll.css'
import { api, list } from '../../api/client.ts'
import { eventWords, WEBHOOKS, type Delivery } from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { useSecretNote, WebhookForm } from './WebhookForm.tsx'
import { WebhookChip } from './WebhooksPage.tsx'

const STATES: Record<Delivery['state'], [Tone, string]> = {
  waiting: ['busy', 'Waiting'],
  delivered: ['ok', 'Arrived'],
  failed: ['bad', 'Given up'],
}
const FILTERS: Filter[] = [
  {
    kind: 'select',
    name: 'state',
    label: 'Any state',
    options: Object.entries(STATES).map(([value, [, label]]) => ({ value, label })),
  },
]

function columnsOf(onReplay: ((delivery: Delivery) => void) | null): Column<Delivery>[] {
  return [
    {
      key: 'at',
      title: 'Happened',
      card: 'main',
      csv: (delivery) => delivery.created_at,
      render: (delivery) => <Instant at={delivery.created_at} />,
    },
    {
      key: 'event',
      title: 'Event',
      card: 'title',
      csv: (delivery) => delivery.event,
      render: (delivery) => (
        <span className="two-lines">
          <span>{eventWords(delivery.event)}</span>
          <code title={delivery.body}>{delivery.event_id.slice(0, 8)}</code>
        </span>
      ),
    },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      csv: (delivery) => delivery.state,
      render: (delivery) => <Chip tone={STATES[delivery.state][0]}>{STATES[delivery.state][1]}</Chip>,
    },
    {
      key: 'outcome',
      title: 'Last try',
      card: 'main',
      csv: (delivery) => delivery.last_error || delivery.last_status,
      render: (delivery) =>
        delivery.last_at ? (
          <span className="two-lines">
            <span>{delivery.last_error || `Answered ${delivery.last_status} in ${delivery.milliseconds} ms`}</span>
            <Instant at={delivery.last_at} />
          </span>
        ) : (
          <span className="muted">–</span>
        ),
    },
    {
      key: 'attempts',
      title: 'Tries',
      align: 'right',
      csv: (delivery) => delivery.attempts,
      render: (delivery) => <span className="number">{delivery.attempts}</span>,
    },
    {
      key: 'next',
      title: 'Next',
      card: 'main',
      render: (delivery) =>
        delivery.next_at ? (
          <Instant at={delivery.next_at} />
        ) : (
          onReplay && (
            <Button size="small" onClick={() => onReplay(delivery)}>
              Send again
            </Button>
          )
        ),
    },
  ]
}

export default function WebhookPage() {
  const { id = '' } = useParams()
  const path = { webhook_id: id }
  const deliveries = list('/api/webhooks/{webhook_id}/deliveries', path)
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const showSecret = useSecretNote()
  const [changing, setChanging] = useState(false)
  const acting = useAction()
  const found = useQuery({
    queryKey: ['webhook', id],
    queryFn: ({ signal }) => api.get('/api/webhooks/{webhook_id}', { path, signal }),
    refetchInterval: 5_000,
  })
  const mayChange = can('settings:update')
  const again = async () => {
    await client.invalidateQueries({ queryKey: ['webhook', id] })
    await client.invalidateQueries({ queryKey: listKey(deliveries) })
  }
  const send = (failed: string, call: () => Promise<unknown>) =>
    acting.run(failed, async () => {
      await call()
      await again()
    })
  const replay = (delivery: Delivery) =>
    send('It was not sent again', () =>
      api.post('/api/webhooks/{webhook_id}/deliveries/{delivery_id}/replay', {
        path: { webhook_id: id, delivery_id: delivery.id },
      }),
    )
  const test = () => send('No test was sent', () => api.post('/api/webhooks/{webhook_id}/test', { path }))
  const replayAll = () =>
    send('They were not sent again', () => api.post('/api/webhooks/{webhook_id}/replay', { path }))
  const columns = useMemo(() => columnsOf(mayChange ? (delivery) => void replay(delivery) : null), [mayChange, id])
  if (found.isError) return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <Skeleton active paragraph={{ rows: 8 }} />
  const hook = found.data
  return (
    <>
      <p className="crumb">
        <Link to="/payroll/webhooks">Webhooks</Link> / {hook.name}
      </p>
      <PageHeader
        title={
          <>
            {hook.name} <WebhookChip hook={hook} />
          </>
        }
        note={hook.url}
        actions={
          mayChange && (
            <>
              <Button loading={acting.busy} disabled={!hook.active} onClick={() => void test()}>
                Send a test
              </Button>
              <Button onClick={() => setChanging(true)}>Change</Button>
              <ConfirmButton
                question={`Remove ${hook.name}?`}
                consequence="What waits is not sent any more, and the list of deliveries goes too."
                confirmLabel="Remove"
                refusal="It was not removed"
                action={async () => {
                  await api.delete('/api/webhooks/{webhook_id}', { path })
                  await client.invalidateQueries({ queryKey: listKey(WEBHOOKS) })
                  void navigate('/payroll/webhooks')
                }}
              >
                Remove
              </ConfirmButton>
            </>
          )
        }
      />
      <div className="stack">
        {hook.disabled_reason && (
          <Alert
            type="error"
            showIcon
            title="Nothing is sent"
            description={`${hook.disabled_reason}. Turn it on again under Change.`}
          />
        )}
        <Panel
          title="Secret and events"
          extra={
            mayChange && (
              <ConfirmButton
                question="Make a new secret?"
                consequence="The one before stays good for a day, so that the receiver can change over."
                confirmLabel="Make a new secret"
                refusal="There is no new secret"
                danger={false}
                size="small"
                action={async () => {
                  const made = await api.post('/api/webhooks/{webhook_id}/secret', { path })
                  await again()
                  showSecret(made)
                }}
              >
                New secret
              </ConfirmButton>
            )
          }
        >
          <Facts
            items={[
              { label: 'Is told when', value: hook.events.map((event) => eventWords(event)).join('; ') },
              { label: 'Last arrived', value: <Instant at={hook.last_success_at} /> },
              { label: 'Failing since', value: hook.failing_since ? <Instant at={hook.failing_since} /> : 'It is not' },
              { label: 'Secret made', value: <Instant at={hook.secret_made_at} /> },
              ...(hook.second_secret_until
                ? [{ label: 'The one before is good until', value: <Instant at={hook.second_secret_until} /> }]
                : []),
            ]}
          />
        </Panel>
        <Panel
          title="Deliveries"
          extra={
            mayChange &&
            hook.failed > 0 && (
              <Button size="small" disabled={!hook.active} onClick={() => void replayAll()}>
                Send all {hook.failed} failed again
              </Button>
            )
          }
        >
          <ResourceTable<Delivery>
            id="webhook-deliveries"
            label="Deliveries"
            path={deliveries}
            rowKey={(delivery) => delivery.id}
            columns={columns}
            filters={FILTERS}
            pollMs={5_000}
            empty={{ title: 'Nothing was sent yet', hint: 'Send a test to see whether the receiver takes it.' }}
          />
        </Panel>
      </div>
      <WebhookForm open={changing} hook={hook} onClose={() => setChanging(false)} />
    </>
  )
}
