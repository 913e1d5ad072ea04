import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Input } from 'antd'
import type { ScheduledBreak } from '../../api/schedules.ts'

type Props = { value?: ScheduledBreak[]; onChange?: (value: ScheduledBreak[]) => void; id?: string }

/** The fixed breaks of a shift. */
export function BreaksInput({ value = [], onChange, id }: Props) {
  const put = (index: number, change: Partial<ScheduledBreak>) =>
    onChange?.(value.map((pause, at) => (at === index ? { ...pause, ...change } : pause)))
  return (
    <div className="input-rows" role="group" aria-label="Scheduled breaks" {...(id && { id })}>
      {value.map((pause, index) => (
        <div key={index} className="input-row">
          <Input
            type="time"
            aria-label={`Break ${index + 1} starts`}
            value={pause.start}
            onChange={(event) => put(index, { start: event.target.value })}
          />
          <Input
            type="time"
            aria-label={`Break ${index + 1} ends`}
            value={pause.end}
            onChange={(event) => put(index, { end: event.target.value })}
          />
          <Checkbox checked={pause.paid ?? false} onChange={(event) => put(index, { paid: event.target.checked })}>
            Paid
          </Checkbox>
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={`Remove break ${index + 1}`}
            onClick={() => onChange?.(value.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <Button
        icon={<PlusOutlined />}
        onClick={() => onChange?.([...value, { start: '12:00', end: '12:30', paid: false }])}
      >
        Add a break
      </Button>
    </div>
  )
}
