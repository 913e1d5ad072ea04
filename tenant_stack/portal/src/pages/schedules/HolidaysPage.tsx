import {
  dateIn,
  Field,
  listKey,
  ResourceForm,
  ResourceTable,
  shortDate,
  useZone,
  type Column,
  type Filter,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Input, InputNumber } from 'antd'
import { useMemo, useState } from 'react'
import { api, list } from '../../api/client.ts'
import { HOLIDAYS } from '../../api/paths.ts'
import type { Holiday } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { CalendarTabs } from './CalendarTabs.tsx'
import { RemoveButton } from './RemoveButton.tsx'
import { SiteField, SiteName } from './SiteField.tsx'

const COLUMNS: Column<Holiday>[] = [
  {
    key: 'day',
    title: 'Day',
    card: 'main',
    csv: (holiday) => holiday.day,
    render: (holiday) => (
      <span className="number">
        {shortDate(holiday.day)} {holiday.day.slice(0, 4)}
      </span>
    ),
  },
  { key: 'name', title: 'Holiday', card: 'title', csv: (holiday) => holiday.name, render: (holiday) => holiday.name },
  { key: 'site', title: 'Site', card: 'main', render: (holiday) => <SiteName id={holiday.site_id} /> },
  {
    key: 'origin',
    title: 'Where from',
    csv: (holiday) => holiday.origin,
    render: (holiday) => (holiday.origin === 'library' ? 'Public holidays' : 'Entered here'),
  },
  {
    key: 'remove',
    title: 'Change',
    card: 'main',
    render: (holiday) => (
      <RemoveButton
        path={HOLIDAYS}
        remove={() => api.delete('/api/holidays/{holiday_id}', { path: { holiday_id: holiday.id } })}
        question={`Remove ${holiday.name}?`}
        what={holiday.name}
      />
    ),
  },
]

type HolidayIn = { day: string; name: string; site_id?: string }
type ImportIn = { country: string; subdivision?: string; year: number; site_id?: string }
type FormProps = { open: boolean; onClose: () => void }

function HolidayForm({ open, onClose }: FormProps) {
  const client = useQueryClient()
  const save = async (values: HolidayIn) => {
    await api.post(HOLIDAYS, { body: values })
    await client.invalidateQueries({ queryKey: listKey(HOLIDAYS) })
    onClose()
  }
  return (
    <ResourceForm<HolidayIn>
      open={open}
      title="New holiday"
      submitLabel="Add"
      initial={{}}
      onSubmit={save}
      onClose={onClose}
    >
      <Field name="day" label="Day" rules={[{ required: true, message: 'Choose the day' }]}>
        <Input type="date" />
      </Field>
      <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
        <Input autoComplete="off" maxLength={200} />
      </Field>
      <SiteField />
    </ResourceForm>
  )
}

function ImportForm({ open, onClose }: FormProps) {
  const client = useQueryClient()
  const { notification } = App.useApp()
  const year = Number(dateIn(useZone()).slice(0, 4))
  const save = async (values: ImportIn) => {
    const answer = await api.post('/api/holidays/import', {
      body: {
        ...values,
        country: values.country.toUpperCase(),
      },
    })
    notification.success({
      title: `${answer.added} holidays added`,
      description: answer.kept ? `${answer.kept} were there already and stay as they are.` : undefined,
    })
    await client.invalidateQueries({ queryKey: listKey(HOLIDAYS) })
    onClose()
  }
  return (
    <ResourceForm<ImportIn>
      open={open}
      title="Import public holidays"
      submitLabel="Import"
      initial={{ year }}
      onSubmit={save}
      onClose={onClose}
    >
      <div className="form-row">
        <Field
          name="country"
          label="Country"
          rules={[{ required: true, pattern: /^[A-Za-z]{2}$/, message: 'Two letters, such as AE or ES' }]}
          extra="Two letters: AE, ES, IN."
        >
          <Input autoComplete="off" maxLength={2} spellCheck={false} />
        </Field>
        <Field name="subdivision" label="Region" extra="Where it has its own: MD, CA.">
          <Input autoComplete="off" maxLength={20} spellCheck={false} />
        </Field>
      </div>
      <Field name="year" label="Year" rules={[{ required: true, message: 'Choose the year' }]}>
        <InputNumber min={1990} max={2100} precision={0} />
      </Field>
      <SiteField />
      <div className="hint-box">
        <p>Days that move with the moon are estimates in any list: check them, and remove or add as announced.</p>
      </div>
    </ResourceForm>
  )
}

export default function HolidaysPage() {
  const can = useCan()
  const today = dateIn(useZone())
  const [form, setForm] = useState<'add' | 'import' | null>(null)
  const filters = useMemo<Filter[]>(() => [{ kind: 'dates', from: 'from', to: 'to', label: 'Days', today }], [today])
  const buttons = can('attendance:update') && (
    <>
      <Button onClick={() => setForm('import')}>Import public holidays</Button>
      <Button type="primary" onClick={() => setForm('add')}>
        New holiday
      </Button>
    </>
  )
  return (
    <>
      <CalendarTabs actions={buttons} />
      <ResourceTable<Holiday>
        id="holidays"
        label="Holidays"
        path={list(HOLIDAYS)}
        rowKey={(holiday) => holiday.id}
        columns={COLUMNS}
        filters={filters}
        empty={{
          title: 'No holidays yet',
          hint: 'Import the public holidays of a country, or enter your own.',
          action: buttons && <div className="actions">{buttons}</div>,
        }}
      />
      <HolidayForm open={form === 'add'} onClose={() => setForm(null)} />
      <ImportForm open={form === 'import'} onClose={() => setForm(null)} />
    </>
  )
}
