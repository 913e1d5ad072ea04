import { Checkbox } from 'antd'
import { WEEKDAY_OPTIONS } from './weekdays.ts'

type Props = { value?: number[] | null; onChange?: (value: number[]) => void; id?: string; label: string }

/** Days of the week as boxes; 0 is Monday. */
export function WeekdaysInput({ value, onChange, id, label }: Props) {
  return (
    <div role="group" aria-label={label} {...(id && { id })}>
      <Checkbox.Group<number>
        options={WEEKDAY_OPTIONS}
        value={value ?? []}
        onChange={(days) => onChange?.(days.toSorted((one, other) => one - other))}
      />
    </div>
  )
}
