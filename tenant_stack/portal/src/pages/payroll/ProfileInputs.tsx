import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined } from '@ant-design/icons'
import { Button, Input, Select } from 'antd'
import type { CodeMapping, FileColumn, Unit } from '../../api/payroll.ts'
import { spoken } from '../../words.tsx'

const UNITS: { value: Unit; label: string }[] = [
  { value: 'hours', label: 'in hours' },
  { value: 'days', label: 'in days' },
]
const SOURCES = [
  ...[
    'employee_id',
    'badge_number',
    'name',
    'last_name',
    'first_name',
    'last_first',
    'email',
    'department',
    'job_title',
  ],
  ...['site_code', 'site_name', 'period_start', 'period_end', 'date', 'reference', 'text', 'setting'],
  ...['code', 'our_code', 'rate', 'hours', 'days', 'amount', 'codes', 'slot_code', 'slot_amount'],
].map((value) => ({ value, label: spoken(value) }))
const WITH_VALUE = ['text', 'setting', 'amount']
const NEW_COLUMN: FileColumn = { title: '', source: 'text', value: '', width: null, pad: 'none', sign: 'both' }

type ListProps<T> = { disabled: boolean; onChange: (rows: T[]) => void }

const without = <T,>(rows: T[], at: number) => rows.filter((_, index) => index !== at)
const changed = <T,>(rows: T[], at: number, change: Partial<T>) =>
  rows.map((row, index) => (index === at ? { ...row, ...change } : row))
const moved = <T,>(rows: T[], at: number, by: number) => {
  const found = [...rows]
  const [row] = found.splice(at, 1)
  if (row !== undefined) found.splice(at + by, 0, row)
  return found
}

/** Our code or kind → theirs. Empty: left out on purpose; “=”: the same name. */
export function CodesInput({ codes, disabled, onChange }: ListProps<CodeMapping> & { codes: CodeMapping[] }) {
  return (
    <>
      <p className="muted">
        A pay code, or a kind: regular, overtime, overtime@2, premium, leave, holiday, absence, presence, late, early.
        The most exact one counts. “=” keeps our name; empty leaves it out.
      </p>
      <ul className="payroll-list">
        {codes.map((code, at) => (
          <li key={at}>
            <Input
              className="wide"
              aria-label={`Our code ${at + 1}`}
              disabled={disabled}
              value={code.ours}
              onChange={({ target }) => onChange(changed(codes, at, { ours: target.value }))}
            />
            <span aria-hidden="true">→</span>
            <Input
              className="wide"
              aria-label={`Their code for ${code.ours}`}
              placeholder="left out"
              disabled={disabled}
              value={code.theirs}
              onChange={({ target }) => onChange(changed(codes, at, { theirs: target.value }))}
            />
            <Select<Unit>
              aria-label={`Unit of ${code.ours}`}
              disabled={disabled}
              value={code.unit}
              options={UNITS}
              onChange={(unit) => onChange(changed(codes, at, { unit }))}
            />
            {!disabled && (
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={`Remove ${code.ours}`}
                onClick={() => onChange(without(codes, at))}
              />
            )}
          </li>
        ))}
      </ul>
      {!disabled && (
        <Button className="payroll-add" onClick={() => onChange([...codes, { ours: '', theirs: '', unit: 'hours' }])}>
          Add a code
        </Button>
      )}
    </>
  )
}

type SettingsProps = {
  settings: Record<string, string>
  disabled: boolean
  onChange: (settings: Record<string, string>) => void
}

export function SettingsInput({ settings, disabled, onChange }: SettingsProps) {
  return (
    <div className="payroll-fields">
      {Object.entries(settings).map(([name, value]) => (
        <label key={name}>
          <span>{spoken(name)}</span>
          <Input
            disabled={disabled}
            value={value}
            maxLength={80}
            onChange={({ target }) => onChange({ ...settings, [name]: target.value })}
          />
        </label>
      ))}
    </div>
  )
}

export function ColumnsInput({ columns, disabled, onChange }: ListProps<FileColumn> & { columns: FileColumn[] }) {
  return (
    <>
      <ul className="payroll-list">
        {columns.map((column, at) => (
          <li key={at}>
            <Input
              className="wide"
              aria-label={`Title of column ${at + 1}`}
              placeholder="no title"
              disabled={disabled}
              value={column.title}
              onChange={({ target }) => onChange(changed(columns, at, { title: target.value }))}
            />
            <Select<FileColumn['source']>
              className="wide"
              aria-label={`Content of column ${at + 1}`}
              disabled={disabled}
              showSearch
              value={column.source}
              options={SOURCES}
              onChange={(source) => onChange(changed(columns, at, { source }))}
            />
            <Input
              className="wide"
              aria-label={`Value of column ${at + 1}`}
              placeholder={WITH_VALUE.includes(column.source) ? 'which' : ''}
              disabled={disabled || !WITH_VALUE.includes(column.source)}
              value={column.value}
              onChange={({ target }) => onChange(changed(columns, at, { value: target.value }))}
            />
            {!disabled && (
              <span className="row-actions">
                <Button
                  type="text"
                  icon={<ArrowUpOutlined />}
                  aria-label={`Column ${at + 1} further left`}
                  disabled={at === 0}
                  onClick={() => onChange(moved(columns, at, -1))}
                />
                <Button
                  type="text"
                  icon={<ArrowDownOutlined />}
                  aria-label={`Column ${at + 1} further right`}
                  disabled={at === columns.length - 1}
                  onClick={() => onChange(moved(columns, at, 1))}
                />
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={`Remove column ${at + 1}`}
                  onClick={() => onChange(without(columns, at))}
                />
              </span>
            )}
          </li>
        ))}
      </ul>
      {!disabled && (
        <Button className="payroll-add" onClick={() => onChange([...columns, NEW_COLUMN])}>
          Add a column
        </Button>
      )}
    </>
  )
}
