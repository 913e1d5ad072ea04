import {
  Age,
  Chip,
  ConfirmButton,
  Field,
  listKey,
  ResourceForm,
  ResourceTable,
  type Column,
  type Filter,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { api, list } from '../../api/client.ts'
import { UNKNOWN_PEOPLE, type UnknownPerson } from '../../api/groups.ts'
import { deviceName, findDevices } from '../../api/paths.ts'
import { useCan } from '../../session.ts'
import { StaffLookup } from '../schedules/StaffLookup.tsx'
import { DeviceTabs } from './DeviceTabs.tsx'

const FILTERS: Filter[] = [
  { kind: 'lookup', name: 'device_id', label: 'Any clock', search: findDevices, nameOf: deviceName, width: 200 },
]
const called = (each: UnknownPerson) => each.reported_name || `PIN ${each.pin}`

type AdoptIn = { staff_id?: string; employee_id?: string; name?: string }

function AdoptForm({ person, onClose }: { person: UnknownPerson | null; onClose: () => void }) {
  const client = useQueryClient()
  const save = async (values: AdoptIn) => {
    if (!person) return
    const entered = values.staff_id
      ? { staff_id: values.staff_id }
      : { employee_id: values.employee_id, name: values.name }
    await api.post('/api/device-users/{enrollment_id}/adopt', { path: { enrollment_id: person.id }, body: entered })
    await client.invalidateQueries()
    onClose()
  }
  const initial: AdoptIn = person?.suggestion
    ? { staff_id: person.suggestion.id }
    : { name: person?.reported_name ?? '' }
  return (
    <ResourceForm<AdoptIn>
      open={person !== null}
      title={person ? `Whose is PIN ${person.pin} on ${person.device_name}?` : ''}
      submitLabel="That is whose it is"
      initial={initial}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field name="staff_id" label="Somebody who is here already" extra="Punches under this number become theirs.">
            <StaffLookup />
          </Field>
          {!values.staff_id && (
            <>
              <Field
                name="employee_id"
                label="Or somebody new: employee number"
                rules={[
                  { required: true, whitespace: true, message: 'Choose a person, or enter the number of a new one' },
                ]}
              >
                <Input autoComplete="off" maxLength={64} />
              </Field>
              <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Enter the name' }]}>
                <Input autoComplete="off" maxLength={200} />
              </Field>
            </>
          )}
        </>
      )}
    </ResourceForm>
  )
}

type Can = (permission: string) => boolean

function columnsOf(
  can: Can,
  adopt: (each: UnknownPerson) => void,
  remove: (each: UnknownPerson) => Promise<void>,
): Column<UnknownPerson>[] {
  return [
    {
      key: 'name',
      title: 'On the clock as',
      card: 'title',
      csv: (each) => each.reported_name,
      render: (each) => each.reported_name || <span className="muted">No name</span>,
    },
    {
      key: 'pin',
      title: 'PIN',
      card: 'main',
      csv: (each) => each.pin,
      render: (each) => <span className="number">{each.pin}</span>,
    },
    {
      key: 'device',
      title: 'Clock',
      card: 'main',
      csv: (each) => each.device_name,
      render: (each) => <Link to={`/devices/${each.device_id}`}>{each.device_name}</Link>,
    },
    {
      key: 'card',
      title: 'Card',
      csv: (each) => each.reported_card,
      render: (each) =>
        each.reported_card ? <span className="number">{each.reported_card}</span> : <span className="muted">–</span>,
    },
    {
      key: 'who',
      title: 'Perhaps',
      card: 'main',
      render: (each) =>
        each.staff_id ? (
          <span>
            {each.staff_name} <Chip tone="warn">Taken off, and there again</Chip>
          </span>
        ) : each.suggestion ? (
          <Link to={`/staff/${each.suggestion.id}`}>{each.suggestion.name}</Link>
        ) : (
          <span className="muted">{each.kept_apart ? 'Kept apart by a person' : 'No suggestion'}</span>
        ),
    },
    { key: 'since', title: 'Reported', render: (each) => <Age at={each.reported_at} never="–" /> },
    {
      key: 'actions',
      title: 'Next',
      card: 'main',
      render: (each) => (
        <span className="row-actions">
          {can('staff:create') && !each.staff_id && (
            <Button size="small" aria-label={`Say who ${called(each)} is`} onClick={() => adopt(each)}>
              This is …
            </Button>
          )}
          {can('devices:sync') && (
            <ConfirmButton
              size="small"
              question={`Take ${called(each)} off ${each.device_name}?`}
              consequence="They can no longer punch there. What they punched stays."
              confirmLabel="Take off"
              refusal={`${called(each)} was not taken off`}
              action={() => remove(each)}
              aria-label={`Take ${called(each)} off ${each.device_name}`}
            >
              Take off
            </ConfirmButton>
          )}
        </span>
      ),
    },
  ]
}

export default function UnknownPeoplePage() {
  const can = useCan()
  const client = useQueryClient()
  const [adopting, setAdopting] = useState<UnknownPerson | null>(null)
  const columns = useMemo(() => {
    const remove = async (each: UnknownPerson) => {
      await api.delete('/api/device-users/{enrollment_id}', { path: { enrollment_id: each.id } })
      await client.invalidateQueries({ queryKey: listKey(UNKNOWN_PEOPLE) })
    }
    return columnsOf(can, setAdopting, remove)
  }, [can, client])
  return (
    <>
      <DeviceTabs note="People whom a clock knows and nobody here has put there. Nothing is ever deleted from a clock by itself." />
      <ResourceTable<UnknownPerson>
        id="device-users"
        label="People unknown here"
        path={list(UNKNOWN_PEOPLE)}
        rowKey={(each) => each.id}
        columns={columns}
        filters={FILTERS}
        searchLabel="Search PIN or name"
        empty={{ title: 'Nobody unknown', hint: 'Everybody whom the clocks have reported is known here.' }}
      />
      <AdoptForm person={adopting} onClose={() => setAdopting(null)} />
    </>
  )
}
