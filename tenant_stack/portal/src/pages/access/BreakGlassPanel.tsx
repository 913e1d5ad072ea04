import { Age, Chip, ConfirmButton, ErrorPanel, Facts, Field, Panel, ResourceForm } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { BREAK_GLASS, type BreakGlassIn, type BreakGlassSecrets } from '../../api/signIn.ts'
import { useCan, useSession } from '../../session.ts'
import { ShownOnce } from './ShownOnce.tsx'

const KEY = ['break-glass']

function shown(secrets: BreakGlassSecrets): string {
  return `Authenticator key: ${secrets.totp_secret}\n${secrets.totp_uri}\n\nRecovery codes, each once:\n${secrets.recovery_codes.join('\n')}`
}

/** One owner's way in when the provider does not answer. */
export function BreakGlassPanel() {
  const can = useCan()
  const { roles } = useSession()
  const client = useQueryClient()
  const [form, setForm] = useState<'set-up' | 'confirm' | null>(null)
  const [secrets, setSecrets] = useState<BreakGlassSecrets | null>(null)
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get(BREAK_GLASS, { signal }),
    enabled: can('settings:read'),
  })
  const changed = () => client.invalidateQueries({ queryKey: KEY })
  const mayChange = roles.includes('owner') && can('settings:update')
  const found = query.data
  return (
    <Panel title="When the provider does not answer">
      {query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !found ? (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      ) : found.state === 'none' ? (
        <p>Nobody can sign in then. One owner should have a password and an authenticator of their own for that day.</p>
      ) : (
        <Facts
          items={[
            { label: 'Owner', value: found.email ?? '–' },
            { label: 'Name to enter', value: found.name ?? '–' },
            {
              label: 'State',
              value: (
                <Chip tone={found.state === 'ready' ? 'ok' : 'warn'}>
                  {found.state === 'ready' ? 'Ready' : 'Not confirmed yet'}
                </Chip>
              ),
            },
            { label: 'Recovery codes left', value: String(found.recovery_codes_left) },
            { label: 'Last used', value: <Age at={found.last_used_at} /> },
          ]}
        />
      )}
      {mayChange && found && (
        <div className="actions">
          {found.state === 'unconfirmed' && (
            <Button type="primary" onClick={() => setForm('confirm')}>
              Enter a code
            </Button>
          )}
          <Button onClick={() => setForm('set-up')}>
            {found.state === 'none' ? 'Set it up for me' : 'Set it up anew'}
          </Button>
          {found.state !== 'none' && (
            <ConfirmButton
              question="Remove the emergency sign-in?"
              consequence="When the provider does not answer, nobody gets in."
              confirmLabel="Remove"
              refusal="It was not removed"
              action={async () => {
                await api.delete(BREAK_GLASS)
                await changed()
              }}
            >
              Remove
            </ConfirmButton>
          )}
        </div>
      )}
      <ResourceForm<BreakGlassIn>
        open={form === 'set-up'}
        title="Emergency sign-in"
        submitLabel="Make it"
        initial={{}}
        onSubmit={async (entered) => {
          setSecrets(await api.post(BREAK_GLASS, { body: entered }))
          setForm(null)
          await changed()
        }}
        onClose={() => setForm(null)}
      >
        <Field name="name" label="Name" rules={[{ required: true, min: 3, message: 'At least three letters' }]}>
          <Input autoComplete="off" maxLength={64} />
        </Field>
        <Field
          name="password"
          label="Password"
          rules={[{ required: true, min: 14, message: 'At least fourteen characters' }]}
          extra="Keep it on paper, or in a safe that does not need the provider."
        >
          <Input.Password autoComplete="new-password" />
        </Field>
      </ResourceForm>
      <ResourceForm<{ code: string }>
        open={form === 'confirm'}
        title="Does the authenticator work?"
        submitLabel="Confirm"
        initial={{}}
        onSubmit={async (entered) => {
          await api.post('/api/settings/break-glass/confirm', { body: entered })
          setForm(null)
          await changed()
        }}
        onClose={() => setForm(null)}
      >
        <Field
          name="code"
          label="Code of the authenticator"
          rules={[{ required: true, message: 'Enter the six digits' }]}
        >
          <Input inputMode="numeric" autoComplete="one-time-code" maxLength={10} />
        </Field>
      </ResourceForm>
      <ShownOnce
        title="The authenticator's key and the recovery codes"
        note="Enter the key in an authenticator app and keep the recovery codes. They are shown only now."
        text={secrets && shown(secrets)}
        onClose={() => {
          setSecrets(null)
          setForm('confirm')
        }}
      />
    </Panel>
  )
}
