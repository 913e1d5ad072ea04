import { Chip, Field, listKey, ResourceForm, ResourceTable, type Column } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, list } from '../../api/client.ts'
import { PROFILES, type ProfileLine } from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { PayrollTabs } from './PayrollTabs.tsx'

const COLUMNS: Column<ProfileLine>[] = [
  {
    key: 'name',
    title: 'Profile',
    card: 'title',
    csv: (profile) => profile.name,
    render: (profile) => (
      <span className="two-lines">
        <Link to={`/payroll/profiles/${profile.code}`}>{profile.name}</Link>
        <span>{profile.code}</span>
      </span>
    ),
  },
  {
    key: 'ready',
    title: 'Origin',
    card: 'main',
    csv: (profile) => (profile.ready ? 'ready' : 'own'),
    render: (profile) => <Chip tone={profile.ready ? 'idle' : 'ok'}>{profile.ready ? 'Ready' : 'Own'}</Chip>,
  },
  {
    key: 'shape',
    title: 'Rows',
    card: 'main',
    csv: (profile) => `${profile.shape} ${profile.each}`,
    render: (profile) =>
      `${profile.shape === 'wide' ? 'One per person' : 'One per pay code'}${profile.each === 'day' ? ' and day' : ''}`,
  },
  { key: 'advice', title: 'To know', csv: (profile) => profile.advice, render: (profile) => profile.advice || '–' },
]

type NewProfile = { name: string; code: string; copy_of: string }

export default function ProfilesPage() {
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [adding, setAdding] = useState(false)
  const known = useQuery({
    queryKey: [...listKey(PROFILES), 'choice'],
    queryFn: ({ signal }) => api.get(PROFILES, { signal }),
    enabled: adding,
  })
  const save = async (values: NewProfile) => {
    await api.post(PROFILES, { body: values })
    await client.invalidateQueries({ queryKey: listKey(PROFILES) })
    void navigate(`/payroll/profiles/${values.code}`)
  }
  return (
    <>
      <PayrollTabs
        note="How a payroll system wants its file. Copy a ready one and put your own codes in."
        actions={
          can('reports:create') && (
            <Button type="primary" onClick={() => setAdding(true)}>
              New profile
            </Button>
          )
        }
      />
      <ResourceTable<ProfileLine>
        id="payroll-profiles"
        label="Payroll profiles"
        path={list(PROFILES)}
        rowKey={(profile) => profile.code}
        rowLink={(profile) => `/payroll/profiles/${profile.code}`}
        columns={COLUMNS}
        empty={{ title: 'No profiles' }}
      />
      <ResourceForm<NewProfile>
        open={adding}
        title="New profile"
        submitLabel="Copy"
        initial={{ copy_of: 'generic-long' }}
        onSubmit={save}
        onClose={() => setAdding(false)}
      >
        <Field name="copy_of" label="Copy of" rules={[{ required: true, message: 'Choose a profile' }]}>
          <Select<string>
            loading={known.isLoading}
            options={(known.data?.items ?? []).map((each) => ({ value: each.code, label: each.name }))}
          />
        </Field>
        <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
          <Input autoComplete="off" maxLength={120} />
        </Field>
        <Field
          name="code"
          label="Short name"
          extra="For addresses and programs: small letters, digits and hyphens."
          rules={[
            { required: true, pattern: /^[a-z0-9][a-z0-9-]{0,39}$/, message: 'Small letters, digits and hyphens' },
          ]}
        >
          <Input autoComplete="off" maxLength={40} spellCheck={false} />
        </Field>
      </ResourceForm>
    </>
  )
}
