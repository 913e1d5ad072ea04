import {
  Age,
  Chip,
  ConfirmButton,
  Field,
  listKey,
  ResourceForm,
  ResourceTable,
  useAction,
  type Column,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, InputNumber } from 'antd'
import { useState } from 'react'
import { api, list } from '../../api/client.ts'
import { CLIENTS, ROLES, type Client, type ClientIn, type NewSecret } from '../../api/access.ts'
import { useCan } from '../../session.ts'
import { AccessTabs } from './AccessTabs.tsx'
import { PermissionMatrix } from './PermissionMatrix.tsx'
import { ShownOnce } from './ShownOnce.tsx'
import './access.css'

// Rights over users and clients are for people only; the server refuses them.
const FOR_PEOPLE = /^(users|clients):(create|update|delete)$/

function ClientStatus({ client }: { client: Client }) {
  if (client.revoked_at) return <Chip tone="idle">Revoked</Chip>
  if (!client.grantor_active)
    return (
      <Chip
        tone="bad"
        title="Whoever answered for it is suspended, so it may do nothing. Edit and save it to answer for it."
      >
        Nobody answers for it
      </Chip>
    )
  return <Chip tone="ok">Active</Chip>
}

export default function ClientsPage() {
  const can = useCan()
  const queries = useQueryClient()
  const { busy, run } = useAction()
  const [form, setForm] = useState<Client | 'new' | null>(null)
  const [shown, setShown] = useState<NewSecret | null>(null)
  const roles = useQuery({
    queryKey: listKey(ROLES),
    queryFn: ({ signal }) => api.get(ROLES, { signal }),
    enabled: can('users:read'),
  })
  const edited = form === 'new' || form === null ? undefined : form
  const changed = () => queries.invalidateQueries({ queryKey: listKey(CLIENTS) })
  const save = async (values: ClientIn) => {
    if (edited) await api.put('/api/clients/{client_id}', { path: { client_id: edited.client_id }, body: values })
    else setShown(await api.post(CLIENTS, { body: values }))
    await changed()
    setForm(null)
  }
  const addSecret = (client: Client) =>
    run('No second secret was made', async () => {
      setShown(await api.post('/api/clients/{client_id}/secrets', { path: { client_id: client.client_id } }))
      await changed()
    })
  const columns: Column<Client>[] = [
    {
      key: 'name',
      title: 'Client',
      card: 'title',
      csv: (client) => client.name,
      render: (client) => (
        <span className="two-lines">
          <span>{client.name}</span>
          <code>{client.client_id}</code>
        </span>
      ),
    },
    { key: 'status', title: 'Status', card: 'main', render: (client) => <ClientStatus client={client} /> },
    {
      key: 'scopes',
      title: 'May',
      csv: (client) => client.scopes.join(' '),
      render: (client) => <span className="scope-list">{client.scopes.join(', ')}</span>,
    },
    {
      key: 'by',
      title: 'Answered for by',
      csv: (client) => client.granted_by,
      render: (client) => client.granted_by ?? 'The operator',
    },
    {
      key: 'used',
      title: 'Last used',
      card: 'main',
      csv: (client) => client.last_used_at,
      render: (client) => <Age at={client.last_used_at} />,
    },
    {
      key: 'secrets',
      title: 'Secrets',
      render: (client) => (
        <ul className="plain-list">
          {client.secrets.map((secret) => (
            <li key={secret.id}>
              made <Age at={secret.created_at} />, used <Age at={secret.last_used_at} />
              {client.secrets.length > 1 && can('clients:update') && (
                <ConfirmButton
                  size="small"
                  type="link"
                  question="Remove this secret?"
                  consequence="Programs that still use it are refused from now on."
                  confirmLabel="Remove"
                  refusal="The secret was not removed"
                  action={async () => {
                    await api.delete('/api/clients/{client_id}/secrets/{secret_id}', {
                      path: { client_id: client.client_id, secret_id: secret.id },
                    })
                    await changed()
                  }}
                >
                  Remove
                </ConfirmButton>
              )}
            </li>
          ))}
        </ul>
      ),
    },
    {
      key: 'change',
      title: 'Change',
      card: 'main',
      render: (client) =>
        !client.revoked_at && (
          <span className="actions">
            {can('clients:update') && <Button onClick={() => setForm(client)}>Edit</Button>}
            {can('clients:update') && client.secrets.length < 2 && (
              <Button loading={busy} onClick={() => void addSecret(client)}>
                Second secret
              </Button>
            )}
            {can('clients:delete') && (
              <ConfirmButton
                question={`Revoke ${client.name}?`}
                consequence="Its next request is refused. This cannot be undone; make a new client instead."
                confirmLabel="Revoke"
                refusal="The client was not revoked"
                action={async () => {
                  await api.delete('/api/clients/{client_id}', { path: { client_id: client.client_id } })
                  await changed()
                }}
              >
                Revoke
              </ConfirmButton>
            )}
          </span>
        ),
    },
  ]
  const add = can('clients:create') && (
    <Button type="primary" onClick={() => setForm('new')}>
      New client
    </Button>
  )
  return (
    <>
      <AccessTabs title="API clients" note="Programs that use the API, such as payroll." actions={add} />
      <ResourceTable<Client>
        id="clients"
        label="API clients"
        path={list(CLIENTS)}
        rowKey={(client) => client.client_id}
        columns={columns}
        searchLabel="Name or client id"
        empty={{
          title: 'No API clients yet',
          hint: 'Make one for each program, with no more rights than it needs.',
          action: add,
        }}
      />
      <ResourceForm<ClientIn>
        open={form !== null}
        title={edited ? `Edit ${edited.name}` : 'New API client'}
        submitLabel={edited ? 'Save' : 'Make the client'}
        size={760}
        initial={
          edited
            ? { name: edited.name, scopes: edited.scopes, requests_per_minute: edited.requests_per_minute }
            : { scopes: [], requests_per_minute: 600 }
        }
        onSubmit={save}
        onClose={() => setForm(null)}
      >
        <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
          <Input autoComplete="off" maxLength={120} />
        </Field>
        <Field
          name="scopes"
          label="What it may do"
          extra="Never more than you may: you answer for it, and when you lose a right it does too."
          rules={[{ required: true, message: 'Tick at least one' }]}
        >
          <PermissionMatrix
            matrix={roles.data?.matrix ?? {}}
            offered={(permission) => can(permission) && !FOR_PEOPLE.test(permission)}
          />
        </Field>
        <Field
          name="requests_per_minute"
          label="Requests a minute"
          rules={[{ required: true, message: 'Enter a number' }]}
        >
          <InputNumber min={1} max={6000} precision={0} />
        </Field>
      </ResourceForm>
      <ShownOnce
        title="The secret"
        note={`The secret of ${shown?.client.client_id ?? ''} is shown only now. Keep it where the program reads it.`}
        text={shown?.client_secret ?? null}
        onClose={() => setShown(null)}
      />
    </>
  )
}
