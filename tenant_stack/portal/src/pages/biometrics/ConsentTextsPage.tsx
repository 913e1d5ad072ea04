import {
  ErrorPanel,
  Facts,
  Field,
  Instant,
  listKey,
  Panel,
  ResourceForm,
  ResourceTable,
  type Column,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, InputNumber } from 'antd'
import { useState } from 'react'
import { api, list } from '../../api/client.ts'
import {
  BIOMETRIC_KEY,
  BIOMETRIC_SETTINGS,
  CONSENT_TEXTS,
  type ConsentText,
  type Periods,
} from '../../api/biometrics.ts'
import { useCan } from '../../session.ts'
import { BiometricsTabs } from './BiometricsTabs.tsx'

const COLUMNS: Column<ConsentText>[] = [
  { key: 'version', title: 'Version', card: 'main', csv: (text) => text.version, render: (text) => text.version },
  { key: 'title', title: 'Title', card: 'title', csv: (text) => text.title, render: (text) => text.title },
  {
    key: 'text',
    title: 'Text',
    csv: (text) => text.text,
    render: (text) => <span className="consent-text">{text.text}</span>,
  },
  {
    key: 'people',
    title: 'People',
    align: 'right',
    card: 'main',
    csv: (text) => text.people,
    render: (text) => text.people,
  },
  { key: 'by', title: 'Written by', csv: (text) => text.created_by, render: (text) => text.created_by },
  {
    key: 'at',
    title: 'On',
    csv: (text) => text.created_at,
    render: (text) => <Instant at={text.created_at} seconds={false} />,
  },
]

type TextIn = { title: string; text: string }

function TextForm({ open, onClose }: { open: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const save = async (values: TextIn) => {
    await api.post(CONSENT_TEXTS, { body: values })
    await client.invalidateQueries({ queryKey: listKey(CONSENT_TEXTS) })
    await client.invalidateQueries({ queryKey: ['consent-texts'] })
    onClose()
  }
  return (
    <ResourceForm<TextIn>
      open={open}
      title="New version of the text"
      submitLabel="Add"
      initial={{}}
      onSubmit={save}
      onClose={onClose}
    >
      <Field name="title" label="Title" rules={[{ required: true, whitespace: true, message: 'Give it a title' }]}>
        <Input maxLength={200} autoComplete="off" />
      </Field>
      <Field
        name="text"
        label="Text"
        extra="What is kept, what for, how long, and how it is withdrawn. It cannot be changed later, only followed by a new version."
        rules={[{ required: true, min: 20, message: 'Write at least a sentence' }]}
      >
        <Input.TextArea rows={12} maxLength={20000} />
      </Field>
    </ResourceForm>
  )
}

function PeriodsForm({ open, periods, onClose }: { open: boolean; periods: Periods; onClose: () => void }) {
  const client = useQueryClient()
  const save = async (values: Periods) => {
    await api.put(BIOMETRIC_SETTINGS, { body: values })
    await client.invalidateQueries({ queryKey: ['biometric-settings'] })
    onClose()
  }
  const days = (name: keyof Periods, label: string, extra: string, min: number) => (
    <Field name={name} label={label} extra={extra} rules={[{ required: true, message: 'Say how many days' }]}>
      <InputNumber min={min} max={1095} precision={0} />
    </Field>
  )
  return (
    <ResourceForm<Periods>
      open={open}
      title="Periods"
      submitLabel="Save"
      initial={periods}
      onSubmit={save}
      onClose={onClose}
    >
      {days(
        'walk_up_days',
        'Held back (days)',
        'A template that came unasked is erased after this, if nobody agreed.',
        1,
      )}
      {days('leaver_days', 'Leavers (days)', 'Templates of inactive people are erased after this.', 0)}
      {days(
        'rotation_days',
        'Age of a key (days)',
        'Then a new version of the key is made and all templates are renewed.',
        1,
      )}
    </ResourceForm>
  )
}

function Keeping() {
  const can = useCan()
  const [open, setOpen] = useState(false)
  const periods = useQuery({
    queryKey: ['biometric-settings'],
    queryFn: ({ signal }) => api.get(BIOMETRIC_SETTINGS, { signal }),
    enabled: can('settings:read'),
  })
  const key = useQuery({
    queryKey: ['biometric-key'],
    queryFn: ({ signal }) => api.get(BIOMETRIC_KEY, { signal }),
  })
  const facts = periods.data
  return (
    <Panel
      title="How long things are kept"
      extra={
        can('settings:update') &&
        facts && (
          <Button size="small" onClick={() => setOpen(true)}>
            Change
          </Button>
        )
      }
    >
      {key.isError && <ErrorPanel error={key.error} onRetry={() => void key.refetch()} />}
      <Facts
        items={[
          { label: 'Held back without consent', value: facts ? `${facts.walk_up_days} days` : null },
          { label: 'After somebody leaves', value: facts ? `${facts.leaver_days} days` : null },
          { label: 'A version of the key', value: facts ? `${facts.rotation_days} days` : null },
          { label: 'Key', value: key.data ? `version ${key.data.latest}` : null },
          { label: 'Waiting to be renewed', value: key.data ? String(key.data.to_renew) : null },
          { label: 'Unreadable', value: key.data ? String(key.data.unreadable) : null },
        ]}
      />
      {facts && <PeriodsForm open={open} periods={facts} onClose={() => setOpen(false)} />}
    </Panel>
  )
}

export default function ConsentTextsPage() {
  const can = useCan()
  const [adding, setAdding] = useState(false)
  const add = can('biometrics:update') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      New version
    </Button>
  )
  return (
    <>
      <BiometricsTabs actions={add} />
      <div className="stack">
        <ResourceTable<ConsentText>
          id="consent-texts"
          label="Consent texts"
          path={list(CONSENT_TEXTS)}
          rowKey={(text) => text.id}
          columns={COLUMNS}
          empty={{
            title: 'No text yet',
            hint: 'Write what people agree to before their first finger is taken.',
            action: add,
          }}
        />
        <Keeping />
      </div>
      <TextForm open={adding} onClose={() => setAdding(false)} />
    </>
  )
}
