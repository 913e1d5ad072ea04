import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Select } from 'antd'
import { codeOptions, useShifts } from './lists.ts'

const FREE = ''

type Props = { value?: (string | null)[]; onChange?: (value: (string | null)[]) => void; id?: string }

/** A cycle of shifts, one entry a day; one entry alone is the same shift every day. */
export function RotationInput({ value = [], onChange, id }: Props) {
  const shifts = useShifts()
  const options = codeOptions(shifts.data)
  const withFree = value.length > 1 ? [...options, { value: FREE, label: 'Free' }] : options
  return (
    <div className="input-rows" role="group" aria-label="Shifts in turn" {...(id && { id })}>
      {(value.length === 0 ? [null] : value).map((code, index) => (
        <div key={index} className="input-row">
          {value.length > 1 && <span className="muted input-number">Day {index + 1}</span>}
          <Select<string>
            aria-label={value.length > 1 ? `Shift on day ${index + 1}` : 'Shift'}
            className="input-wide"
            placeholder="Choose a shift"
            loading={shifts.isFetching}
            notFoundContent={shifts.isError ? 'The shifts could not be read' : 'There are no shifts yet'}
            options={withFree}
            value={code === null ? (value.length > 1 ? FREE : null) : code}
            onChange={(next) =>
              onChange?.((value.length === 0 ? [null] : value).map((old, at) => (at === index ? next || null : old)))
            }
          />
          {value.length > 1 && (
            <Button
              type="text"
              icon={<DeleteOutlined />}
              aria-label={`Remove day ${index + 1}`}
              onClick={() => onChange?.(value.filter((_, at) => at !== index))}
            />
          )}
        </div>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange?.([...value, value.at(-1) ?? null])}>
        {value.length > 1 ? 'Add a day' : 'Make it a rotation'}
      </Button>
    </div>
  )
}
