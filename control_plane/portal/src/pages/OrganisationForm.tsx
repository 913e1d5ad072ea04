import { Field, ResourceForm, zoneNames } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input, Select } from 'antd'
import { api } from '../api/client.ts'
import type { Organisation, OrganisationIn } from '../api/types.ts'

const ZONES = zoneNames().map((name) => ({ value: name, label: name }))
/** The console's own host is `console.BASE`; organisations live beside it. */
const base = location.host.replace(/^[^.]+\./, '')

type Props = { open: boolean; onClose: () => void; onCreated: (organisation: Organisation) => void }

export function OrganisationForm({ open, onClose, onCreated }: Props) {
  const client = useQueryClient()
  const create = async (values: OrganisationIn) => {
    const organisation = await api.post('/organisations', { body: values })
    await client.invalidateQueries()
    onCreated(organisation)
  }
  return (
    <ResourceForm<OrganisationIn>
      open={open}
      title="New organisation"
      submitLabel="Create"
      initial={{ zone: 'UTC' }}
      onSubmit={create}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Enter the name' }]}>
            <Input autoComplete="off" maxLength={200} />
          </Field>
          <Field
            name="slug"
            label="Slug"
            extra={
              <>
                Its address: <code>{`${values.slug?.trim() || 'slug'}.${base}`}</code>. Chosen once, never changed or
                used again.
              </>
            }
            rules={[
              { required: true, message: 'Choose the slug' },
              {
                pattern: /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
                message: 'Lower-case letters, digits and hyphens; starts with a letter, ends with a letter or digit',
              },
            ]}
          >
            <Input autoComplete="off" maxLength={40} spellCheck={false} autoCapitalize="none" />
          </Field>
          <Field
            name="owner_email"
            label="Owner's e-mail"
            extra="This person signs in first and invites the others."
            rules={[
              { required: true, message: "Enter the owner's e-mail" },
              { type: 'email', message: 'This is not an e-mail address' },
            ]}
          >
            <Input type="email" autoComplete="off" />
          </Field>
          <Field name="owner_name" label="Owner's name">
            <Input autoComplete="off" maxLength={200} />
          </Field>
          <Field name="zone" label="Time zone" rules={[{ required: true, message: 'Choose the time zone' }]}>
            <Select showSearch={{ optionFilterProp: 'label' }} options={ZONES} />
          </Field>
        </>
      )}
    </ResourceForm>
  )
}
