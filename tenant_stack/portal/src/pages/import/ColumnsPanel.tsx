import { Panel, Rows, type Column } from '@punctual/portal-kit'
import { Select } from 'antd'
import { IMPORT_FIELDS, type ImportColumn, type ImportField } from '../../api/staffImport.ts'

const LEFT_OUT = 'left_out'
const OPTIONS = [
  { value: LEFT_OUT, label: 'Left out' },
  ...Object.entries(IMPORT_FIELDS).map(([value, label]) => ({ value, label })),
]

type Place = ImportColumn & { place: number }
type Props = {
  columns: ImportColumn[]
  disabled: boolean
  onChoose: (header: string, field: ImportField | null) => void
}

/** What each column of the file is taken for; a person may say otherwise. */
export function ColumnsPanel({ columns, disabled, onChoose }: Props) {
  const shown: Column<Place>[] = [
    { key: 'header', title: 'In the file', card: 'title', render: (column) => column.header || 'No heading' },
    {
      key: 'examples',
      title: 'For example',
      card: 'main',
      render: (column) => <span className="muted">{column.examples.join(', ') || '–'}</span>,
    },
    {
      key: 'field',
      title: 'Is',
      card: 'main',
      width: 240,
      render: (column) => (
        <Select
          aria-label={`What ${column.header || 'this column'} is`}
          style={{ width: '100%', minWidth: 180 }}
          value={column.field ?? LEFT_OUT}
          disabled={disabled || !column.header}
          options={OPTIONS}
          onChange={(value) => onChoose(column.header, value === LEFT_OUT ? null : (value as ImportField))}
        />
      ),
    },
  ]
  const left = columns.filter((column) => column.field === null).length
  return (
    <Panel
      title="Columns"
      flush
      extra={
        <span className="muted">{left === 0 ? 'All are understood' : `${left} of ${columns.length} left out`}</span>
      }
    >
      <Rows<Place>
        label="Columns of the file"
        rows={columns.map((column, place) => ({ ...column, place }))}
        rowKey={(column) => String(column.place)}
        columns={shown}
      />
    </Panel>
  )
}
