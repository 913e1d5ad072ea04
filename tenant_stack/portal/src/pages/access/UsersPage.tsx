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
  type Filter,
  type Tone,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Select, Switch } from 'antd'
import { useState } from 'react'
import { api, list } from '../../api/client.ts'
import {
  ROLES,
  USERS,
  type Invitation,
  type User,
  type InviteIn,
  type UserIn,
  type UserStatus,
} from '../../api/access.ts'
import { useCan, useSession } from '../../session.ts'
import { useSites } from '../schedules/lists.ts'
import { AccessTabs } from './AccessTabs.tsx'
import { ShownOnce } from './ShownOnce.tsx'

const STATUS: Record<UserStatus, { tone: Tone; label: string }> = {
  invited: { tone: 'note', label: 'Invited' },
  active: { tone: 'ok', label: 'Active' },
  suspended: { tone: 'idle', label: 'Suspended' },
}
const FILTERS: Filter[] = [
  {
    kind: 'select',
    name: 'status',
    label: 'Any status',
    options: Object.entries(STATUS).map(([value, { label }]) => ({ value, label })),
    width: 160,
  },
]

function useRoles() {
  return useQuery({ queryKey: listKey(ROLES), queryFn: ({ signal }) => api.get(ROLES, { signal }) })
}

type FormProps = {
  open: boolean
  user?: User | undefined
  onClose: () => void
  onInvited: (invitation: Invitation) => void
}

type Entered = InviteIn & Pick<UserIn, 'active'>

function UserForm({ open, user, onClose, onInvited }: FormProps) {
  const client = useQueryClient()
  const roles = useRoles().data?.items ?? []
  const sites = useSites().data ?? []
  const save = async (entered: Entered) => {
    const limits = {
      site_ids: entered.site_ids?.length ? entered.site_ids : null,
      departments: entered.departments?.length ? entered.departments : null,
    }
    if (user)
      await api.put('/api/users/{user_id}', {
        path: { user_id: user.id },
        body: { ...entered, ...limits, staff_id: user.staff_id },
      })
    else onInvited(await api.post(USERS, { body: { ...entered, ...limits } }))
    await client.invalidateQueries({ queryKey: listKey(USERS) })
    onClose()
  }
  return (
    <ResourceForm<Entered>
      open={open}
      title={user ? `Edit ${user.name || user.email}` : 'Invite a user'}
      submitLabel={user ? 'Save' : 'Make the invitation'}
      initial={
        user
          ? {
              name: user.name,
              roles: user.roles,
              site_ids: user.site_ids ?? [],
              departments: user.departments ?? [],
              active: user.status !== 'suspended',
            }
          : { roles: ['viewer'] }
      }
      onSubmit={save}
      onClose={onClose}
    >
      {!user && (
        <Field
          name="email"
          label="E-mail"
          rules={[{ required: true, type: 'email', message: 'Enter the e-mail address' }]}
          extra="The address under which the sign-in provider knows the person."
        >
          <Input type="email" autoComplete="off" />
        </Field>
      )}
      <Field name="name" label="Name">
        <Input autoComplete="off" maxLength={200} />
      </Field>
      <Field name="roles" label="Roles" rules={[{ required: true, message: 'Choose at least one role' }]}>
        <Select mode="multiple" options={roles.map((role) => ({ value: role.name, label: role.title }))} />
      </Field>
      {sites.length > 0 && (
        <Field name="site_ids" label="Only these sites" extra="Empty: all sites.">
          <Select mode="multiple" allowClear options={sites.map((site) => ({ value: site.id, label: site.name }))} />
        </Field>
      )}
      <Field name="departments" label="Only these departments" extra="Empty: all departments. Type a name, then Enter.">
        <Select mode="tags" allowClear open={false} suffixIcon={null} />
      </Field>
      {user && (
        <Field
          name="active"
          label="May sign in"
          valuePropName="checked"
          extra="Switching it off ends all sessions at once."
        >
          <Switch />
        </Field>
      )}
    </ResourceForm>
  )
}

export default function UsersPage() {
  const can = useCan()
  const me = useSession().user.id
  const client = useQueryClient()
  const { busy, run } = useAction()
  const roles = useRoles().data?.items ?? []
  const [form, setForm] = useState<User | 'invite' | null>(null)
  const [invitation, setInvitation] = useState<Invitation | null>(null)
  const titleOf = (name: string) => roles.find((role) => role.name === name)?.title ?? name
  const renew = (user: User) =>
    run('No new link was made', async () => {
      setInvitation(await api.post('/api/users/{user_id}/invite', { path: { user_id: user.id } }))
      await client.invalidateQueries({ queryKey: listKey(USERS) })
    })
  const columns: Column<User>[] = [
    {
      key: 'user',
      title: 'User',
      card: 'title',
      csv: (user) => user.email,
      render: (user) => (
        <span className="two-lines">
          <span>{user.name || user.email}</span>
          <span>
            {user.email}
            {user.invitation_mail === 'failed' && ' (the invitation could not be mailed)'}
          </span>
        </span>
      ),
    },
    {
      key: 'status',
      title: 'Status',
      card: 'main',
      csv: (user) => user.status,
      render: (user) => <Chip tone={STATUS[user.status].tone}>{STATUS[user.status].label}</Chip>,
    },
    {
      key: 'roles',
      title: 'Roles',
      card: 'main',
      csv: (user) => user.roles.join(' '),
      render: (user) => user.roles.map(titleOf).join(', ') || '–',
    },
    {
      key: 'limits',
      title: 'Sees',
      render: (user) =>
        user.site_ids || user.departments
          ? [user.site_ids && `${user.site_ids.length} sites`, user.departments?.join(', ')].filter(Boolean).join('; ')
          : 'Everything',
    },
    {
      key: 'last',
      title: 'Last sign-in',
      csv: (user) => user.last_sign_in_at,
      render: (user) => <Age at={user.last_sign_in_at} />,
    },
    {
      key: 'change',
      title: 'Change',
      card: 'main',
      render: (user) =>
        user.id === me ? (
          <span className="muted">This is you</span>
        ) : (
          <span className="actions">
            {can('users:update') && <Button onClick={() => setForm(user)}>Edit</Button>}
            {can('users:update') &&
              (user.status === 'invited' || (user.status === 'active' && user.invitation_expires_at)) && (
                <Button loading={busy} onClick={() => void renew(user)}>
                  New link
                </Button>
              )}
            {can('users:delete') && (
              <ConfirmButton
                question={`Remove ${user.email}?`}
                consequence="The account is gone and all its sessions end. The audit trail keeps what it did."
                confirmLabel="Remove"
                refusal="The user was not removed"
                action={async () => {
                  await api.delete('/api/users/{user_id}', { path: { user_id: user.id } })
                  await client.invalidateQueries({ queryKey: listKey(USERS) })
                }}
              >
                Remove
              </ConfirmButton>
            )}
          </span>
        ),
    },
  ]
  const inviteButton = can('users:create') && (
    <Button type="primary" onClick={() => setForm('invite')}>
      Invite a user
    </Button>
  )
  return (
    <>
      <AccessTabs title="Users" note="Who signs in here, and what they may do." actions={inviteButton} />
      <ResourceTable<User>
        id="users"
        label="Users"
        path={list(USERS)}
        rowKey={(user) => user.id}
        columns={columns}
        filters={FILTERS}
        searchLabel="Name or e-mail"
        empty={{ title: 'No users yet', hint: 'Invite the first one.', action: inviteButton }}
      />
      <UserForm
        open={form !== null}
        user={form === 'invite' ? undefined : (form ?? undefined)}
        onClose={() => setForm(null)}
        onInvited={setInvitation}
      />
      <ShownOnce
        title="The invitation's link"
        note={`It is mailed to ${invitation?.user.email ?? ''} as well. It works once, for that address, within seven days, and is shown only now.`}
        text={invitation?.url ?? null}
        onClose={() => setInvitation(null)}
      />
    </>
  )
}
