import {
  Chip,
  ConfirmButton,
  ErrorPanel,
  Field,
  Instant,
  Panel,
  ResourceForm,
  Rows,
  useAction,
  type Column,
  type Tone,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Checkbox, Input, InputNumber, Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { SupportAccess, SupportIn } from '../api/types.ts'

const WORDS: Record<SupportAccess['state'], { tone: Tone; text: string }> = {
  waiting: { tone: 'warn', text: 'Waits for approval' },
  open: { tone: 'busy', text: 'Open' },
  ended: { tone: 'idle', text: 'Ended' },
  declined: { tone: 'idle', text: 'Declined' },
}
const LOOK_MS = 5_000

function AskForm({ slug, open, onClose }: { slug: string; open: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const ask = async (values: SupportIn) => {
    await api.post('/organisations/{slug}/support', { path: { slug }, body: values })
    await client.invalidateQueries({ queryKey: ['support', slug] })
    onClose()
  }
  return (
    <ResourceForm<SupportIn>
      open={open}
      title="Ask for support access"
      submitLabel="Ask"
      initial={{ minutes: 30 }}
      onSubmit={ask}
      onClose={onClose}
    >
      <Field
        name="reason"
        label="Reason"
        extra="The organisation reads it, and everybody there sees that you look in."
        rules={[{ required: true, whitespace: true, min: 5, message: 'Say in some words why' }]}
      >
        <Input.TextArea rows={3} maxLength={500} />
      </Field>
      <Field name="ticket" label="Ticket" rules={[{ required: true, whitespace: true, message: 'Enter the ticket' }]}>
        <Input autoComplete="off" maxLength={60} />
      </Field>
      <Field
        name="minutes"
        label="Minutes"
        extra="30 at most."
        rules={[{ required: true, message: 'Enter the minutes' }]}
      >
        <InputNumber min={1} max={30} precision={0} />
      </Field>
      <Field name="write" valuePropName="checked">
        <Checkbox>I need to change data, not only read it</Checkbox>
      </Field>
    </ResourceForm>
  )
}

/** Looking into an organisation: asked for here, in view there, over after half an hour at most. */
export function SupportPanel({ slug }: { slug: string }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const { busy, run } = useAction()
  const query = useQuery({
    queryKey: ['support', slug],
    queryFn: ({ signal }) => api.get('/organisations/{slug}/support', { path: { slug }, signal }),
    refetchInterval: LOOK_MS,
  })
  const enter = (access: SupportAccess) =>
    run('The portal could not be opened', async () => {
      // Opened before the answer is there: a browser blocks windows that no click opened.
      const page = window.open('about:blank')
      try {
        const link = await api.post('/organisations/{slug}/support/{access_id}/link', {
          path: { slug, access_id: access.id },
        })
        if (page) {
          page.opener = null
          page.location.href = link.url
        } else location.assign(link.url)
      } catch (error) {
        page?.close()
        throw error
      }
    })
  const columns: Column<SupportAccess>[] = [
    {
      key: 'operator',
      title: 'Operator',
      card: 'title',
      render: (access) => (
        <span className="two-lines">
          <span>{access.own ? 'You' : access.operator}</span>
          <span>
            {access.ticket}: {access.reason}
          </span>
        </span>
      ),
    },
    { key: 'may', title: 'May', card: 'main', render: (access) => (access.write ? 'read and change' : 'read') },
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
    { key: 'ends', title: 'Until', card: 'main', render: (access) => <Instant at={access.ends_at} seconds={false} /> },
    {
      key: 'act',
      title: 'Change',
      card: 'main',
      render: (access) => (
        <>
          {access.state === 'open' && access.own && (
            <Button disabled={busy} onClick={() => void enter(access)}>
              Open as support
            </Button>
          )}{' '}
          {(access.state === 'open' || access.state === 'waiting') && (
            <ConfirmButton
              question="End this access now?"
              consequence="Its pages close within seconds."
              confirmLabel="End now"
              refusal="The access was not ended"
              action={async () => {
                await api.post('/organisations/{slug}/support/{access_id}/end', {
                  path: { slug, access_id: access.id },
                })
                await client.invalidateQueries({ queryKey: ['support', slug] })
              }}
            >
              End now
            </ConfirmButton>
          )}
        </>
      ),
    },
  ]
  return (
    <Panel title="Support access" flush extra={<Button onClick={() => setAsking(true)}>Ask for access</Button>}>
      {query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      ) : query.data.items.length === 0 ? (
        <p className="muted panel-note">Nobody has asked to look into this organisation.</p>
      ) : (
        <Rows<SupportAccess>
          label="Support access"
          rows={query.data.items}
          rowKey={(each) => each.id}
          columns={columns}
        />
      )}
      <AskForm slug={slug} open={asking} onClose={() => setAsking(false)} />
    </Panel>
  )
}
