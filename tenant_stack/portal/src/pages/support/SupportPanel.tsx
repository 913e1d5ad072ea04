import {
  Chip,
  ConfirmButton,
  ErrorPanel,
  Instant,
  Panel,
  Rows,
  useAction,
  type Column,
  type Tone,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Checkbox, Skeleton } from 'antd'
import { api } from '../../api/client.ts'
import { SUPPORT, type SupportAccess } from '../../api/support.ts'
import { useCan } from '../../session.ts'
import { supportNowKey } from './SupportBanner.tsx'

const WORDS: Record<SupportAccess['state'], { tone: Tone; text: string }> = {
  waiting: { tone: 'warn', text: 'Waits for approval' },
  open: { tone: 'warn', text: 'Open' },
  ended: { tone: 'idle', text: 'Ended' },
  declined: { tone: 'idle', text: 'Declined' },
}
const LOOK_MS = 10_000
const listKey = ['support'] as const
const policyKey = ['support-policy'] as const

function Policy() {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const query = useQuery({
    queryKey: policyKey,
    queryFn: ({ signal }) => api.get('/api/support/policy', { signal }),
  })
  const save = (approval_required: boolean) =>
    run('The setting was not saved', async () => {
      client.setQueryData(policyKey, await api.put('/api/support/policy', { body: { approval_required } }))
    })
  return (
    <Checkbox
      checked={query.data?.approval_required ?? false}
      disabled={!query.data || busy || !can('settings:update')}
      onChange={(event) => void save(event.target.checked)}
    >
      An administrator must approve before an operator gets in
    </Checkbox>
  )
}

/** Operators of the platform who looked in, look in, or ask to. */
export function SupportPanel() {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const query = useQuery({
    queryKey: listKey,
    queryFn: ({ signal }) => api.get(SUPPORT, { query: { limit: 20 }, signal }),
    refetchInterval: LOOK_MS,
    enabled: can('settings:read'),
  })
  if (!can('settings:read')) return null
  const tell = async (access: SupportAccess, verb: 'approve' | 'decline' | 'end') => {
    await api.post(`/api/support/{grant_id}/${verb}`, { path: { grant_id: access.id } })
    await Promise.all([listKey, supportNowKey].map((queryKey) => client.invalidateQueries({ queryKey })))
  }
  const columns: Column<SupportAccess>[] = [
    {
      key: 'operator',
      title: 'Operator',
      card: 'title',
      render: (access) => (
        <span className="two-lines">
          <span>{access.operator}</span>
          <span>
            {access.ticket}: {access.reason}
          </span>
        </span>
      ),
    },
    {
      key: 'may',
      title: 'May',
      card: 'main',
      render: (access) => `${access.write ? 'read and change' : 'read'}, ${access.minutes} min`,
    },
    {
      key: 'asked',
      title: 'Asked',
      card: 'main',
      render: (access) => <Instant at={access.asked_at} seconds={false} />,
    },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      render: (access) => (
        <span className="two-lines">
          <span>
            <Chip tone={WORDS[access.state].tone}>{WORDS[access.state].text}</Chip>
          </span>
          {access.ended_by && <span>by {access.ended_by}</span>}
        </span>
      ),
    },
    {
      key: 'ends',
      title: 'Until',
      card: 'main',
      render: (access) => <Instant at={access.ended_at ?? access.ends_at} seconds={false} />,
    },
    {
      key: 'act',
      title: 'Change',
      card: 'main',
      render: (access) =>
        can('settings:update') && (
          <>
            {access.state === 'waiting' && (
              <Button disabled={busy} onClick={() => void run('It was not approved', () => tell(access, 'approve'))}>
                Approve
              </Button>
            )}{' '}
            {access.state === 'waiting' && (
              <Button disabled={busy} onClick={() => void run('It was not declined', () => tell(access, 'decline'))}>
                Decline
              </Button>
            )}
            {access.state === 'open' && (
              <ConfirmButton
                question="End this access now?"
                consequence={`The pages of ${access.operator} close within seconds.`}
                confirmLabel="End now"
                refusal="The access was not ended"
                action={() => tell(access, 'end')}
              >
                End now
              </ConfirmButton>
            )}
          </>
        ),
    },
  ]
  return (
    <Panel title="Support access" extra={<Policy />} flush>
      {query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      ) : query.data.items.length === 0 ? (
        <p className="muted panel-note">No operator of the platform has asked to look in.</p>
      ) : (
        <Rows<SupportAccess>
          label="Support access"
          rows={query.data.items}
          rowKey={(each) => each.id}
          columns={columns}
        />
      )}
    </Panel>
  )
}
