import { ConfirmButton, dateIn, Field, listKey, ResourceForm, useZone } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input, InputNumber, Switch } from 'antd'
import { api } from '../../api/client.ts'
import { SHIFTS } from '../../api/paths.ts'
import type { Shift, ShiftDefinition, Version } from '../../api/schedules.ts'
import { DayBar } from '../DayBar.tsx'
import { BreaksInput } from './BreaksInput.tsx'
import { spansOf } from './shiftPicture.ts'
import { saveVersion } from './saveVersion.ts'
import { sinceWords, VersionList } from './VersionList.tsx'

/** Names with `definition.` match the fields that the back end names when it refuses one. */
type ShiftIn = { code: string; name: string; effective?: string } & Record<`definition.${string}`, unknown>

const EDITED: (keyof ShiftDefinition)[] = [
  'start',
  'end',
  'before_minutes',
  'after_minutes',
  'breaks',
  'expected_minutes',
  'unpaid_break_minutes',
  'flexible',
]
const needed = (message: string) => [{ required: true, message }]
const MinutesBox = (props: object) => (
  <InputNumber min={0} max={2880} precision={0} suffix="min" style={{ width: '100%' }} {...props} />
)

function definitionOf(values: Partial<ShiftIn>, before: ShiftDefinition | undefined): ShiftDefinition {
  const definition: Record<string, unknown> = { ...before }
  for (const name of EDITED) {
    const value = values[`definition.${name}`]
    if (value === undefined || value === null || value === '') delete definition[name]
    else definition[name] = value
  }
  return definition as ShiftDefinition
}

function initialOf(shift: Shift | null, today: string): Partial<ShiftIn> {
  if (!shift) return { 'definition.start': '09:00', 'definition.end': '18:00', 'definition.unpaid_break_minutes': 0 }
  const initial: Partial<ShiftIn> = { code: shift.code, name: shift.name, effective: today }
  for (const name of EDITED) initial[`definition.${name}`] = shift.definition[name]
  return initial
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

type Props = { open: boolean; shift: Shift | null; onClose: () => void }

const saveShiftVersion = (shift: Shift, version: Version<ShiftDefinition>) =>
  saveVersion(shift.versions, version, {
    add: (body) => api.post('/api/shifts/{shift_id}/versions', { path: { shift_id: shift.id }, body }),
    replace: (version_id, body) =>
      api.put('/api/shifts/{shift_id}/versions/{version_id}', { path: { shift_id: shift.id, version_id }, body }),
  })

/** A new shift, or a new version of one: a change holds from a date on and leaves earlier days as they were. */
export function ShiftForm({ open, shift, onClose }: Props) {
  const client = useQueryClient()
  const today = dateIn(useZone())
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: listKey(SHIFTS) })
    onClose()
  }
  const save = async (values: ShiftIn) => {
    const { code, name, effective } = values
    const definition = definitionOf(values, shift?.definition)
    if (!shift) {
      await api.post(SHIFTS, { body: { code, name, ...(effective && { effective }), definition } })
    } else {
      if (code !== shift.code || name !== shift.name)
        await api.put('/api/shifts/{shift_id}', { path: { shift_id: shift.id }, body: { code, name } })
      const known = definitionOf(initialOf(shift, today), shift.definition)
      if (!same(definition, known)) await saveShiftVersion(shift, { effective: effective ?? null, definition })
    }
    await refresh()
  }
  const remove = async () => {
    await api.delete('/api/shifts/{shift_id}', { path: { shift_id: shift?.id ?? '' } })
    await refresh()
  }
  return (
    <ResourceForm<ShiftIn>
      open={open}
      title={shift ? `Shift ${shift.name}` : 'New shift'}
      submitLabel={shift ? 'Save' : 'Add'}
      size={560}
      initial={initialOf(shift, today)}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <DayBar spans={spansOf(definitionOf(values, undefined))} label="The shift on a day" />
          <div className="form-row form-gap">
            <Field name="name" label="Name" rules={needed('Give the shift a name')}>
              <Input autoComplete="off" maxLength={120} />
            </Field>
            <Field
              name="code"
              label="Code"
              rules={needed('Give the shift a code')}
              extra="Short, as records show it: DAY."
            >
              <Input autoComplete="off" maxLength={40} spellCheck={false} />
            </Field>
          </div>
          <div className="form-row">
            <Field name="definition.start" label="Starts" rules={needed('Enter the start')}>
              <Input type="time" />
            </Field>
            <Field
              name="definition.end"
              label="Ends"
              rules={needed('Enter the end')}
              extra="At or before the start means the next day."
            >
              <Input type="time" />
            </Field>
          </div>
          <Field
            name="definition.flexible"
            label="Flexible"
            valuePropName="checked"
            extra="No times are owed, only hours: nobody is late or early."
          >
            <Switch />
          </Field>
          <div className="form-row">
            <Field
              name="definition.expected_minutes"
              label="Time owed"
              extra="Empty: its length without unpaid breaks."
            >
              <MinutesBox />
            </Field>
            <Field name="definition.unpaid_break_minutes" label="Unpaid break, whenever taken">
              <MinutesBox />
            </Field>
          </div>
          <div className="form-row">
            <Field
              name="definition.before_minutes"
              label="Punches count before"
              extra="Empty: the nearest shift is taken."
            >
              <MinutesBox />
            </Field>
            <Field name="definition.after_minutes" label="Punches count after">
              <MinutesBox />
            </Field>
          </div>
          <Field name="definition.breaks" label="Scheduled breaks">
            <BreaksInput />
          </Field>
          <Field
            name="effective"
            label={shift ? 'The change holds from' : 'Holds from'}
            rules={shift ? needed('Choose the first day') : []}
            extra={shift ? 'Earlier days stay as they are.' : 'Empty: from the beginning.'}
          >
            <Input type="date" />
          </Field>
          {shift && shift.versions.length > 1 && (
            <VersionList
              versions={shift.versions}
              today={today}
              heading="Versions"
              words={({ definition, effective }) => (
                <span>
                  {definition.start}–{definition.end} <span className="muted">{sinceWords(effective)}</span>
                </span>
              )}
            />
          )}
          {shift && (
            <ConfirmButton
              question={`Delete the shift ${shift.name}?`}
              consequence="A shift that people are assigned to cannot be deleted."
              confirmLabel="Delete"
              refusal="The shift was not deleted"
              action={remove}
            >
              Delete this shift
            </ConfirmButton>
          )}
        </>
      )}
    </ResourceForm>
  )
}
