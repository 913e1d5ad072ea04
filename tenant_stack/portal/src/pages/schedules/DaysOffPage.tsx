import { dayWords, Field, listKey, ResourceForm, ResourceTable, type Column } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'
import { api, list } from '../../api/client.ts'
import { WEEKLY_OFFS } from '../../api/paths.ts'
import type { WeeklyOff } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { CalendarTabs } from './CalendarTabs.tsx'
import { weekdayWords } from './lists.ts'
import { RemoveButton } from './RemoveButton.tsx'
import { SiteField, SiteName } from './SiteField.tsx'
import { WeekdaysInput } from './WeekdaysInput.tsx'

const COLUMNS: Column<WeeklyOff>[] = [
  {
    key: 'weekdays',
    title: 'Off',
    card: 'title',
    csv: (off) => weekdayWords(off.weekdays),
    render: (off) => <strong>{weekdayWords(off.weekdays)}</strong>,
  },
  {
    key: 'from',
    title: 'From',
    card: 'main',
    csv: (off) => off.starts_on,
    render: (off) => (off.starts_on ? dayWords(off.starts_on) : <span className="muted">the beginning</span>),
  },
  {
    key: 'until',
    title: 'Until',
    card: 'main',
    csv: (off) => off.ends_on,
    render: (off) => (off.ends_on ? dayWords(off.ends_on) : <span className="muted">no end</span>),
  },
  { key: 'site', title: 'Site', card: 'main', render: (off) => <SiteName id={off.site_id} /> },
  {
    key: 'remove',
    title: 'Change',
    card: 'main',
    render: (off) => (
      <RemoveButton
        path={WEEKLY_OFFS}
        remove={() => api.delete('/api/weekly-offs/{weekly_off_id}', { path: { weekly_off_id: off.id } })}
        question="Remove these days off?"
        what={weekdayWords(off.weekdays)}
      />
    ),
  },
]

type WeeklyOffIn = { weekdays: number[]; starts_on?: string; ends_on?: string; site_id?: string }

export default function DaysOffPage() {
  const can = useCan()
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const save = async (values: WeeklyOffIn) => {
    await api.post(WEEKLY_OFFS, { body: values })
    await client.invalidateQueries({ queryKey: listKey(WEEKLY_OFFS) })
    setAdding(false)
  }
  const add = can('attendance:update') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      Add days off
    </Button>
  )
  return (
    <>
      <CalendarTabs actions={add} />
      <ResourceTable<WeeklyOff>
        id="weekly-offs"
        label="Weekly days off"
        path={list(WEEKLY_OFFS)}
        rowKey={(off) => off.id}
        columns={COLUMNS}
        empty={{
          title: 'Every day is a working day',
          hint: 'Say which days of the week are off; from a date on, or for one site.',
          action: add,
        }}
      />
      <ResourceForm<WeeklyOffIn>
        open={adding}
        title="Weekly days off"
        submitLabel="Add"
        initial={{ weekdays: [5, 6] }}
        onSubmit={save}
        onClose={() => setAdding(false)}
      >
        <Field
          name="weekdays"
          label="Days of the week"
          rules={[{ required: true, type: 'array', min: 1, message: 'Choose at least one day' }]}
        >
          <WeekdaysInput label="Days of the week" />
        </Field>
        <div className="form-row">
          <Field name="starts_on" label="From" extra="Empty: from the beginning.">
            <Input type="date" />
          </Field>
          <Field name="ends_on" label="Until" extra="Empty: no end.">
            <Input type="date" />
          </Field>
        </div>
        <SiteField extra="A site with days off of its own does not take everybody's." />
      </ResourceForm>
    </>
  )
}
