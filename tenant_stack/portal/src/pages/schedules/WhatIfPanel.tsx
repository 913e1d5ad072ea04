import {
  addDays,
  Cards,
  EmptyState,
  hoursMinutes,
  Panel,
  Rows,
  shortDate,
  useIsNarrow,
  type Column,
} from '@punctual/portal-kit'
import { Button, Input } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import type { RecordStatus } from '../../api/attendance.ts'
import type { Figures, RuleDefinition, WhatIf } from '../../api/schedules.ts'
import { statusWords } from '../../attendanceWords.tsx'

type Changed = WhatIf['changed'][number]

const FIGURES: [keyof Figures, string][] = [
  ['status', 'Status'],
  ['worked_minutes', 'Worked'],
  ['overtime_minutes', 'Overtime'],
  ['late_minutes', 'Late'],
  ['early_minutes', 'Left early'],
  ['break_minutes', 'Breaks'],
  ['expected_minutes', 'Owed'],
]

const figure = (figures: Figures | null, name: keyof Figures): string => {
  const value = figures?.[name]
  if (value === undefined || value === null) return '–'
  return name === 'status' ? statusWords(value as RecordStatus) : hoursMinutes(Number(value))
}

/** "Worked 8:00 → 7:45", one for each figure that differs. */
const differences = ({ before, after }: Changed): string[] => {
  const found = FIGURES.filter(([name]) => figure(before, name) !== figure(after, name)).map(
    ([name, words]) => `${words} ${figure(before, name)} → ${figure(after, name)}`,
  )
  return found.length > 0 ? found : ['Pay codes or anomalies']
}

const COLUMNS: Column<Changed>[] = [
  {
    key: 'day',
    title: 'Day',
    card: 'main',
    render: (row) => <span className="number">{shortDate(row.work_date)}</span>,
  },
  {
    key: 'name',
    title: 'Name',
    card: 'title',
    render: (row) => <Link to={`/staff/${row.staff_id}`}>{row.staff_name}</Link>,
  },
  {
    key: 'change',
    title: 'Before → after',
    card: 'main',
    render: (row) => (
      <ul>
        {differences(row).map((line) => (
          <li key={line} className="number">
            {line}
          </li>
        ))}
      </ul>
    ),
  },
]

const SHOWN = 100
const signed = (minutes: number) => (minutes > 0 ? `+${hoursMinutes(minutes)}` : hoursMinutes(minutes))

type Props = { ruleSetId: string; definition: () => RuleDefinition; onRefused: (error: unknown) => void; today: string }

/** What changed rules would make of past days; nothing is stored. */
export function WhatIfPanel({ ruleSetId, definition, onRefused, today }: Props) {
  const narrow = useIsNarrow()
  const [from, setFrom] = useState(addDays(today, -14))
  const [to, setTo] = useState(addDays(today, -1))
  const [busy, setBusy] = useState(false)
  const [answer, setAnswer] = useState<WhatIf | null>(null)
  const compare = async () => {
    setBusy(true)
    try {
      const body = { rule_set_id: ruleSetId, definition: definition(), from, to }
      setAnswer(await api.post('/api/rule-sets/what-if', { body }))
    } catch (error) {
      onRefused(error)
    } finally {
      setBusy(false)
    }
  }
  const List = narrow ? Cards : Rows
  return (
    <Panel title="What would change?" extra={<span className="muted">Nothing is stored</span>}>
      <div className="save-line">
        <label>
          <span>From</span>
          <Input type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          <span>To</span>
          <Input type="date" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
        <Button loading={busy} disabled={!from || !to} onClick={() => void compare()}>
          Try these rules
        </Button>
      </div>
      <div role="status">
        {answer && (
          <p className="what-if-sum">
            <strong>{answer.changed_total.toLocaleString('en')}</strong> of{' '}
            {answer.records_compared.toLocaleString('en')} records would change; worked time in all{' '}
            <strong className="number">{signed(answer.minutes_difference)}</strong> h.
          </p>
        )}
      </div>
      {answer && answer.changed.length === 0 && (
        <EmptyState title="Nothing would change" hint="These days come out the same under the rules above." />
      )}
      {answer && answer.changed.length > 0 && (
        <>
          <div className="table-surface">
            <List
              rows={answer.changed.slice(0, SHOWN)}
              columns={COLUMNS}
              rowKey={(row: Changed) => `${row.staff_id} ${row.work_date}`}
              label="Days that would change"
            />
          </div>
          {answer.changed_total > Math.min(SHOWN, answer.changed.length) && (
            <p className="muted">The first {Math.min(SHOWN, answer.changed.length)} are shown.</p>
          )}
        </>
      )}
    </Panel>
  )
}
