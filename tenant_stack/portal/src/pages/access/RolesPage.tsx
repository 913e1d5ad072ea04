import { Chip, ConfirmButton, ErrorPanel, Field, listKey, Panel, ResourceForm } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { ROLES, type Role, type RoleIn } from '../../api/access.ts'
import { useCan } from '../../session.ts'
import { AccessTabs } from './AccessTabs.tsx'
import { PermissionMatrix } from './PermissionMatrix.tsx'
import './access.css'

export default function RolesPage() {
  const can = useCan()
  const client = useQueryClient()
  const [form, setForm] = useState<Role | 'new' | null>(null)
  const query = useQuery({
    queryKey: listKey(ROLES),
    queryFn: ({ signal }) => api.get(ROLES, { signal }),
  })
  const changed = () => client.invalidateQueries({ queryKey: listKey(ROLES) })
  const edited = form === 'new' || form === null ? undefined : form
  const save = async (values: RoleIn) => {
    const role = { title: values.title, permissions: values.permissions ?? [] }
    if (edited) await api.put('/api/roles/{name}', { path: { name: edited.name }, body: role })
    else await api.post(ROLES, { body: role })
    await changed()
    setForm(null)
  }
  const add = can('users:create') && (
    <Button type="primary" onClick={() => setForm('new')}>
      New role
    </Button>
  )
  const matrix = query.data?.matrix ?? {}
  return (
    <>
      <AccessTabs title="Roles" note="What each role may do. Built-in roles stay as they are." actions={add} />
      {query.isError && <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active paragraph={{ rows: 8 }} />}
      <div className="stack">
        {query.data?.items.map((role) => (
          <Panel
            key={role.name}
            title={role.title}
            extra={
              <span className="actions">
                <span className="muted">{role.users === 1 ? '1 user' : `${role.users} users`}</span>
                {role.built_in && <Chip tone="idle">Built in</Chip>}
                {!role.built_in && can('users:update') && <Button onClick={() => setForm(role)}>Edit</Button>}
                {!role.built_in && can('users:delete') && (
                  <ConfirmButton
                    question={`Remove the role ${role.title}?`}
                    consequence="This works only when nobody has it."
                    confirmLabel="Remove"
                    refusal="The role was not removed"
                    action={async () => {
                      await api.delete('/api/roles/{name}', { path: { name: role.name } })
                      await changed()
                    }}
                  >
                    Remove
                  </ConfirmButton>
                )}
              </span>
            }
          >
            <PermissionMatrix matrix={matrix} offered={() => false} value={role.permissions} />
          </Panel>
        ))}
      </div>
      <ResourceForm<RoleIn>
        open={form !== null}
        title={edited ? `Edit ${edited.title}` : 'New role'}
        submitLabel={edited ? 'Save' : 'Add'}
        size={760}
        initial={edited ? { title: edited.title, permissions: edited.permissions } : { permissions: [] }}
        onSubmit={save}
        onClose={() => setForm(null)}
      >
        <Field
          name="title"
          label="Name"
          rules={[{ required: true, whitespace: true, message: 'Give the role a name' }]}
        >
          <Input autoComplete="off" maxLength={80} />
        </Field>
        <Field name="permissions" label="What it may do" extra="You can give only what you hold yourself.">
          <PermissionMatrix matrix={matrix} offered={can} />
        </Field>
      </ResourceForm>
    </>
  )
}
