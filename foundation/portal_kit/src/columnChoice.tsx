import { SettingOutlined } from '@ant-design/icons'
import { Button, Checkbox, Popover } from 'antd'
import { useState } from 'react'
import type { Column } from './tableTypes.ts'

type Choice = Record<string, boolean>

function kept(id: string): Choice {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`punctual.columns.${id}`) ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Choice) : {}
  } catch {
    return {} // an unreadable choice is no choice
  }
}

/** Which columns this person sees in this list; remembered in this browser. */
export function useColumnChoice<T>(id: string, columns: Column<T>[]) {
  const [choice, setChoice] = useState<Choice>(() => kept(id))
  const shows = (column: Column<T>) => choice[column.key] ?? !column.optional
  const visible = columns.filter((column) => column.card === 'title' || shows(column))
  const store = (next: Choice) => {
    localStorage.setItem(`punctual.columns.${id}`, JSON.stringify(next))
    setChoice(next)
  }
  const button = (
    <Popover
      trigger="click"
      placement="bottomRight"
      content={
        <div className="column-choice" role="group" aria-label="Columns">
          {columns.map((column) => (
            <Checkbox
              key={column.key}
              checked={column.card === 'title' || shows(column)}
              disabled={column.card === 'title'}
              onChange={(event) => store({ ...choice, [column.key]: event.target.checked })}
            >
              {column.title}
            </Checkbox>
          ))}
          <Button type="link" size="small" onClick={() => store({})}>
            Reset
          </Button>
        </div>
      }
    >
      <Button icon={<SettingOutlined />}>Columns</Button>
    </Popover>
  )
  return { visible, button }
}
