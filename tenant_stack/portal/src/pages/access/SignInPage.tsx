import {
  Chip,
  ConfirmButton,
  ErrorPanel,
  Facts,
  Instant,
  PageHeader,
  Panel,
  useAction,
  type Tone,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { SIGN_IN, type Connection, type Layer, type LayerReport, type SignInSettings } from '../../api/signIn.ts'
import { useCan, useSession } from '../../session.ts'
import { BreakGlassPanel } from './BreakGlassPanel.tsx'
import { SignInForm } from './SignInForm.tsx'
import './access.css'

const LAYERS: Record<Layer, string> = {
  address: 'Its address may be used',
  discovery: 'It says who it is',
  keys: 'It publishes its keys',
  sign_in: 'It signed you in and gave the code for a token',
  token: 'Its token holds',
  domain: 'Your e-mail address is let in',
  groups: 'Your groups were read',
  account: 'You would still be in charge',
}
const STATES: Record<LayerReport['state'], { tone: Tone; label: string }> = {
  passed: { tone: 'ok', label: 'Passed' },
  failed: { tone: 'bad', label: 'Failed' },
  waiting: { tone: 'idle', label: 'Not reached' },
}
const KEY = ['sign-in-settings']

function facts(connection: Connection) {
  const roles = Object.entries(connection.group_roles).map(([group, role]) => `${group} → ${role}`)
  return [
    { label: 'Issuer', value: connection.issuer },
    { label: 'Client', value: connection.client_id },
    { label: 'Allowed e-mail domains', value: connection.allowed_domains.join(', ') || 'All' },
    { label: 'Roles from groups', value: roles.join(', ') || 'None' },
  ]
}

function Report({ report }: { report: LayerReport[] }) {
  return (
    <ul className="layers" aria-label="What the test found">
      {report.map((layer) => (
        <li key={layer.name}>
          <Chip tone={STATES[layer.state].tone}>{STATES[layer.state].label}</Chip> <strong>{LAYERS[layer.name]}</strong>{' '}
          <span className="muted">{layer.detail}</span>
        </li>
      ))}
    </ul>
  )
}

function Draft({ draft, onEdit, changed }: { draft: Connection; onEdit: () => void; changed: () => Promise<void> }) {
  const { busy, run } = useAction()
  const { notification } = App.useApp()
  const test = () =>
    run('The test could not begin', async () => {
      const begun = await api.post('/api/settings/sign-in/test')
      if (begun.url) location.assign(begun.url)
      else await changed()
    })
  const activate = async () => {
    const { invited } = await api.post('/api/settings/sign-in/activate')
    notification.success({
      title: 'People sign in at the new provider now',
      description: invited > 0 ? `${invited} users were mailed a link to join it.` : undefined,
    })
    await changed()
  }
  return (
    <>
      <Facts items={facts(draft)} />
      {draft.report ? (
        <Report report={draft.report} />
      ) : (
        <p className="muted">Not tested yet. The test signs you in there once; nothing changes for anybody else.</p>
      )}
      <div className="actions">
        <Button type="primary" loading={busy} onClick={() => void test()}>
          {draft.report ? 'Test again' : 'Test by signing in'}
        </Button>
        <Button onClick={onEdit}>Edit</Button>
        {draft.tested_at && (
          <ConfirmButton
            question="Switch to this provider?"
            consequence="From now on people sign in there. Whom it does not know yet is mailed a link. You can go back with one click."
            confirmLabel="Switch"
            refusal="The provider was not switched"
            action={activate}
          >
            Switch to it
          </ConfirmButton>
        )}
        <ConfirmButton
          question="Discard the draft?"
          consequence="What was entered is forgotten. The provider in use stays."
          confirmLabel="Discard"
          refusal="The draft was not discarded"
          action={async () => {
            await api.delete('/api/settings/sign-in/draft')
            await changed()
          }}
        >
          Discard
        </ConfirmButton>
      </div>
    </>
  )
}

function Current({ settings, changed }: { settings: SignInSettings; changed: () => Promise<void> }) {
  const can = useCan()
  const { active, platform, former } = settings
  return (
    <>
      {active ? (
        <Facts
          items={[
            ...facts(active),
            {
              label: 'In use since',
              value: active.activated_at ? <Instant at={active.activated_at} seconds={false} /> : '–',
            },
          ]}
        />
      ) : (
        <p>{platform ? `The platform's own provider, ${platform.issuer}.` : 'None yet.'}</p>
      )}
      {settings.can_roll_back && can('settings:update') && (
        <ConfirmButton
          question="Go back to the provider before?"
          consequence={`People sign in at ${former?.issuer ?? platform?.issuer ?? 'the one before'} again, with the accounts they had there.`}
          confirmLabel="Go back"
          refusal="The provider was not changed"
          action={async () => {
            await api.post('/api/settings/sign-in/roll-back')
            await changed()
          }}
        >
          Back to {former?.display_name ?? "the platform's provider"}
        </ConfirmButton>
      )}
    </>
  )
}

/** Where people sign in: the provider in use, a draft with its test, and the way in without any. */
export default function SignInPage() {
  const can = useCan()
  const { organisation } = useSession()
  const client = useQueryClient()
  const [editing, setEditing] = useState(false)
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get(SIGN_IN, { signal }),
  })
  const changed = () => client.invalidateQueries({ queryKey: KEY })
  const settings = query.data
  const edit = can('settings:update') && !settings?.draft && (
    <Button type="primary" disabled={!settings} onClick={() => setEditing(true)}>
      {settings?.active ? 'Change it' : 'Use your own provider'}
    </Button>
  )
  return (
    <>
      <PageHeader title="Sign-in" note={`How people of ${organisation.name} prove who they are.`} actions={edit} />
      {query.isError ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !settings ? (
        <Skeleton active title={false} paragraph={{ rows: 6 }} />
      ) : (
        <div className="stack">
          <Panel title="In use">
            <Current settings={settings} changed={changed} />
          </Panel>
          {settings.draft && (
            <Panel title="Draft">
              <Draft draft={settings.draft} onEdit={() => setEditing(true)} changed={changed} />
            </Panel>
          )}
          <BreakGlassPanel />
          <SignInForm
            open={editing}
            settings={settings}
            onClose={() => setEditing(false)}
            onSaved={async () => {
              setEditing(false)
              await changed()
            }}
          />
        </div>
      )}
    </>
  )
}
