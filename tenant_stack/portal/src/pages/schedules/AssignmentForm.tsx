import { dateIn, Field, listKey, ResourceForm, useZone } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input } from 'antd'
import { api, list } from '../../api/client.ts'
import type { AssignmentIn } from '../../api/schedules.ts'
import { RotationInput } from './RotationInput.tsx'
import { WeekdaysInput } from './WeekdaysInput.tsx'

type Props = { open: boolean; staffId: string; name: string; onClose: () => void }

export function AssignmentForm({ open, staffId, name, onClose }: Props) {
  const client = useQueryClient()
  const today = dateIn(useZone())
  const save = async ({ weekdays, ...values }: AssignmentIn) => {
    const some = weekdays && weekdays.length > 0 && weekdays.length < 7
    await api.post('/api/staff/{staff_id}/assignments', {
      path: { staff_id: staffId },
      body: { ...values, ...(some && { weekdays }) },
    })
    await client.invalidateQueries({
      queryKey: listKey(list('/api/staff/{staff_id}/assignments', { staff_id: staffId })),
    })
    onClose()
  }
  return (
    <ResourceForm<AssignmentIn>
      open={open}
      title={`Assign ${name} to a shift`}
      submitLabel="Assign"
      initial={{ rotation: [], starts_on: today, weekdays: [0, 1, 2, 3, 4, 5, 6] }}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field
            name="rotation"
            label="Shift"
            rules={[
              {
                validator: (_, value: (string | null)[] | undefined) =>
                  value?.some((code) => code) ? Promise.resolve() : Promise.reject(new Error('Choose a shift')),
              },
            ]}
          >
            <RotationInput />
          </Field>
          <div className="form-row">
            <Field name="starts_on" label="From" rules={[{ required: true, message: 'Choose the first day' }]}>
              <Input type="date" />
            </Field>
            <Field name="ends_on" label="Until" extra="Both days included. Empty: no end.">
              <Input type="date" />
            </Field>
          </div>
          <Field name="weekdays" label="On these days" extra="Other days of the span are free.">
            <WeekdaysInput label="On these days" />
          </Field>
          {(values.rotation?.length ?? 0) > 1 && (
            <Field name="anchor" label="Day 1 of the rotation falls on" extra="Empty: the first day of the span.">
              <Input type="date" />
            </Field>
          )}
        </>
      )}
    </ResourceForm>
  )
}
