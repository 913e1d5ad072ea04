import {
  addDays,
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
import { Button, Input, Radio, Select } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { api, list } from '../../api/client.ts'
import { findStaff, LEAVES, staffName } from '../../api/paths.ts'
import type { Leave } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { CalendarTabs } from './CalendarTabs.tsx'
import { RemoveButton } from './RemoveButton.tsx'
import { StaffLookup } from './StaffLookup.tsx'

/** A leave is kept day by day; longer ones are entered in parts. */
const MOST_DAYS = 60

const PARTS = [
  { value: 'full', label: 'The whole day' },
  { value: 'first_half', label: 'The first half' },
  { value: 'second_half', label: 'The second half' },
  { value: 'hours', label: 'Some hours' },
]

const partWords = (leave: Leave) =>
  leave.part === 'hours' && leave.start && leave.end
    ? `${leave.start}–${leave.end}`
    : (PARTS.find((part) => part.value === leave.part)?.label ?? leave.part)

const COLUMNS: Column<Leave>[] = [
  {
    key: 'day',
    title: 'Day',
    card: 'main',
    csv: (leave) => leave.day,
    render: (leave) => (
      <span className="number">
        {shortDate(leave.day)} {leave.day.slice(0, 4)}
      </span>
    ),
  },
  {
    key: 'name',
    title: 'Name',
    card: 'title',
    csv: (leave) => leave.staff_name,
    render: (leave) => <Link to={`/staff/${leave.staff_id}`}>{leave.staff_name ?? 'The person'}</Link>,
  },
  {
    key: 'kind',
    title: 'What',
    card: 'main',
    csv: (leave) => `${leave.kind} ${leave.code}`,
    render: (leave) => (
      <span className="two-lines">
        <span>{leave.kind === 'on_duty' ? 'On duty elsewhere' : 'Leave'}</span>
        <span>{leave.code}</span>
      </span>
    ),
  },
  { key: 'part', title: 'Part of the day', card: 'main', csv: partWords, render: partWords },
  {
    key: 'note',
    title: 'Note',
    csv: (leave) => leave.note,
    render: (leave) => leave.note ?? <span className="muted">–</span>,
  },
  {
    key: 'remove',
    title: 'Change',
    card: 'main',
    render: (leave) => (
      <RemoveButton
        path={LEAVES}
        remove={() => api.delete('/api/leaves/{leave_id}', { path: { leave_id: leave.id } })}
        question={`Remove the leave of ${leave.staff_name ?? 'this person'}?`}
        what={`the leave of ${leave.staff_name ?? 'this person'}`}
      />
    ),
  },
]

type LeaveIn = Pick<Leave, 'staff_id' | 'day' | 'part' | 'kind' | 'code'> & {
  start?: string
  end?: string
  note?: string
  until?: string
}
const needed = (message: string) => [{ required: true, message }]

export default function LeavePage() {
  const can = useCan()
  const client = useQueryClient()
  const today = dateIn(useZone())
  const [adding, setAdding] = useState(false)
  const filters = useMemo<Filter[]>(
    () => [
      { kind: 'dates', from: 'from', to: 'to', label: 'Days', today },
      { kind: 'lookup', name: 'staff_id', label: 'Person', search: findStaff, nameOf: staffName },
    ],
    [today],
  )
  const save = async ({ until, ...values }: LeaveIn) => {
    try {
      let day = values.day
      do {
        await api.post(LEAVES, { body: { ...values, day } })
        day = addDays(day, 1)
      } while (until && day <= until)
    } finally {
      await client.invalidateQueries({ queryKey: listKey(LEAVES) })
    }
    setAdding(false)
  }
  const add = can('attendance:update') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      Enter leave
    </Button>
  )
  return (
    <>
      <CalendarTabs actions={add} />
      <ResourceTable<Leave>
        id="leave"
        label="Leave"
        path={list(LEAVES)}
        rowKey={(leave) => leave.id}
        columns={COLUMNS}
        filters={filters}
        empty={{
          title: 'Nobody is on leave',
          hint: 'Leave excuses an absence; duty elsewhere counts as present.',
          action: add,
        }}
      />
      <ResourceForm<LeaveIn>
        open={adding}
        title="Enter leave"
        submitLabel="Enter"
        initial={{ day: today, part: 'full', kind: 'leave', code: 'annual' }}
        onSubmit={save}
        onClose={() => setAdding(false)}
      >
        {(values) => (
          <>
            <Field name="staff_id" label="Person" rules={needed('Choose the person')}>
              <StaffLookup />
            </Field>
            <Field name="kind" label="What">
              <Radio.Group
                options={[
                  { value: 'leave', label: 'Leave' },
                  { value: 'on_duty', label: 'On duty elsewhere' },
                ]}
              />
            </Field>
            <div className="form-row">
              <Field name="day" label="Day" rules={needed('Choose the day')}>
                <Input type="date" />
              </Field>
              <Field
                name="until"
                label="Until"
                dependencies={['day']}
                rules={[
                  ({ getFieldValue }) => ({
                    validator: (_, last: string | undefined) => {
                      const first = String(getFieldValue('day') ?? '')
                      if (!last || !first || (last >= first && last <= addDays(first, MOST_DAYS)))
                        return Promise.resolve()
                      return Promise.reject(
                        new Error(last < first ? 'It is before the first day' : `At most ${MOST_DAYS} days`),
                      )
                    },
                  }),
                ]}
                extra="Both days included. Empty: one day."
              >
                <Input type="date" />
              </Field>
            </div>
            <div className="form-row">
              <Field
                name="code"
                label="Code"
                rules={needed('Give it a code')}
                extra="As payroll knows it: annual, sick."
              >
                <Input autoComplete="off" maxLength={40} spellCheck={false} />
              </Field>
              <Field name="part" label="Part of the day">
                <Select options={PARTS} />
              </Field>
            </div>
            {values.part === 'hours' && (
              <div className="form-row">
                <Field name="start" label="From" rules={needed('Enter the start')}>
                  <Input type="time" />
                </Field>
                <Field name="end" label="Until" rules={needed('Enter the end')}>
                  <Input type="time" />
                </Field>
              </div>
            )}
            <Field name="note" label="Note">
              <Input.TextArea rows={2} maxLength={1000} />
            </Field>
          </>
        )}
      </ResourceForm>
    </>
  )
}
