import { dateIn, PageHeader, ResourceTable, useZone, type Column } from '@punctual/portal-kit'
import { Button } from 'antd'
import { useMemo } from 'react'
import { Link, useSearchParams } from 'react-router'
import { list } from '../../api/client.ts'
import { SHIFTS } from '../../api/paths.ts'
import type { Shift } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { DayBar } from '../DayBar.tsx'
import { useShifts } from './lists.ts'
import { ShiftForm } from './ShiftForm.tsx'
import { owed, spansOf } from './shiftPicture.ts'
import { sinceWords, versionOn } from './VersionList.tsx'

const COLUMNS: Column<Shift>[] = [
  {
    key: 'name',
    title: 'Shift',
    card: 'title',
    csv: (shift) => shift.name,
    render: (shift) => (
      <span className="two-lines">
        <Link to={`/schedules/shifts?edit=${shift.id}`}>{shift.name}</Link>
        <span>{shift.code}</span>
      </span>
    ),
  },
  {
    key: 'times',
    title: 'Times',
    card: 'main',
    csv: (shift) => `${shift.definition.start}-${shift.definition.end}`,
    render: (shift) => (
      <span className="number">
        {shift.definition.start}–{shift.definition.end}
      </span>
    ),
  },
  {
    key: 'picture',
    title: 'On a day',
    width: '42%',
    card: 'main',
    render: (shift) => <DayBar spans={spansOf(shift.definition)} label={shift.name} />,
  },
  {
    key: 'owed',
    title: 'Owed',
    align: 'right',
    card: 'main',
    csv: (shift) => owed(shift.definition),
    render: (shift) => <span className="number">{owed(shift.definition)}</span>,
  },
  {
    key: 'since',
    title: 'Holds',
    render: (shift) => <Since shift={shift} />,
  },
]

function Since({ shift }: { shift: Shift }) {
  const today = dateIn(useZone())
  const current = versionOn(shift.versions, today)
  const later = shift.versions.filter((version) => version.effective && version.effective > today).length
  return (
    <span className="two-lines">
      <span>{sinceWords(current?.effective ?? null)}</span>
      {later > 0 && <span>{later === 1 ? 'a change is planned' : `${later} changes are planned`}</span>}
    </span>
  )
}

export default function ShiftsPage() {
  const can = useCan()
  const [params, setParams] = useSearchParams()
  const shifts = useShifts()
  const editing = params.get('edit')
  const shift = useMemo(() => shifts.data?.find((each) => each.id === editing) ?? null, [shifts.data, editing])
  const open = editing === 'new' || shift !== null
  const close = () => setParams({}, { replace: true })
  const add = can('attendance:update') && (
    <Button type="primary" onClick={() => setParams({ edit: 'new' })}>
      New shift
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Shifts"
        note="When people are due. Assign them on each person's page; a change holds from a date on."
        actions={add}
      />
      <ResourceTable<Shift>
        id="shifts"
        label="Shifts"
        path={list(SHIFTS)}
        rowKey={(each) => each.id}
        rowLink={(each) => `/schedules/shifts?edit=${each.id}`}
        columns={COLUMNS}
        empty={{
          title: 'No shifts yet',
          hint: 'Without shifts people are present or incomplete; with them they are also late, early or absent.',
          action: add,
        }}
      />
      <ShiftForm key={editing} open={open} shift={shift} onClose={close} />
    </>
  )
}
