import { Field, listKey, ResourceForm } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { Form, Input, Select } from 'antd'
import { api } from '../../api/client.ts'
import { ROLES } from '../../api/access.ts'
import { SIGN_IN, type ConnectionIn, type SignInSettings } from '../../api/signIn.ts'

type Entered = Omit<ConnectionIn, 'group_roles'> & { mapping?: string[] }

/** `group = role`, one a tag: groups have any name, roles one of ours. */
function mapOf(lines: string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (lines ?? []).map((line) => {
      const at = line.lastIndexOf('=')
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}

type Props = { open: boolean; settings: SignInSettings; onClose: () => void; onSaved: () => Promise<void> }

export function SignInForm({ open, settings, onClose, onSaved }: Props) {
  const roles = useQuery({
    queryKey: listKey(ROLES),
    queryFn: ({ signal }) => api.get(ROLES, { signal }),
  })
  const names = roles.data?.items.map((role) => role.name) ?? []
  const from = settings.draft ?? settings.active
  const save = async ({ mapping, ...entered }: Entered) => {
    await api.put(SIGN_IN, { body: { ...entered, group_roles: mapOf(mapping) } })
    await onSaved()
  }
  return (
    <ResourceForm<Entered>
      open={open}
      title="Your own sign-in provider"
      submitLabel="Save the draft"
      initial={
        from
          ? {
              issuer: from.issuer,
              client_id: from.client_id,
              display_name: from.display_name,
              allowed_domains: from.allowed_domains,
              group_claim: from.group_claim,
              mapping: Object.entries(from.group_roles).map(([group, role]) => `${group} = ${role}`),
            }
          : {}
      }
      onSubmit={save}
      onClose={onClose}
    >
      <p>
        Register Punctual at your provider as a web application with the redirect address{' '}
        <code>{settings.redirect_uri}</code>, then enter what it gave you.
      </p>
      <Field
        name="issuer"
        label="Issuer"
        rules={[{ required: true, message: 'Enter the address of the provider' }]}
        extra="For example https://login.example.com, exactly as the provider writes it."
      >
        <Input inputMode="url" autoComplete="off" spellCheck={false} />
      </Field>
      <Field name="client_id" label="Client id" rules={[{ required: true, message: 'Enter the client id' }]}>
        <Input autoComplete="off" spellCheck={false} />
      </Field>
      <Field
        name="client_secret"
        label="Client secret"
        rules={[{ required: !from, message: 'Enter the client secret' }]}
        extra={
          from
            ? 'Empty: the one entered before stays, unless the issuer or client changes.'
            : 'It is never shown again.'
        }
      >
        <Input.Password autoComplete="new-password" />
      </Field>
      <Field name="display_name" label="Name of the provider">
        <Input autoComplete="off" maxLength={80} />
      </Field>
      <Field name="allowed_domains" label="Only these e-mail domains" extra="Empty: all. Type a domain, then Enter.">
        <Select mode="tags" allowClear open={false} suffixIcon={null} />
      </Field>
      <Field
        name="group_claim"
        label="Claim that names a person's groups"
        extra="Empty: roles are given here by hand only."
      >
        <Input autoComplete="off" spellCheck={false} placeholder="groups" />
      </Field>
      <Form.Item noStyle shouldUpdate>
        {({ getFieldValue }) =>
          getFieldValue('group_claim') ? (
            <Field
              name="mapping"
              label="Roles from groups"
              rules={[
                {
                  validator: (_, lines: string[] | undefined) =>
                    Object.values(mapOf(lines)).every((role) => names.includes(role))
                      ? Promise.resolve()
                      : Promise.reject(new Error(`Write group = role; roles are ${names.join(', ')}`)),
                },
              ]}
              extra="One group = role at a time, then Enter. Such roles come and go with the group; those given by hand stay."
            >
              <Select mode="tags" allowClear open={false} suffixIcon={null} />
            </Field>
          ) : null
        }
      </Form.Item>
    </ResourceForm>
  )
}
