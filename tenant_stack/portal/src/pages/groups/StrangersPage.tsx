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
import { STRANGERS, type Stranger } from '../../api/groups.ts'
import { deviceName, findDevices } from '../../api/paths.ts'
import { useCan } from '../../session.ts'
import { StaffLookup } from '../schedules/StaffLookup.tsx'
import { DeviceTabs } from './DeviceTabs.tsx'

const FILTERS: Filter[] = [
  { kind: 'lookup', name: 'device_id', label: 'Any clock', search: findDevices, nameOf: deviceName, width: 200 },
]
const called = (each: Stranger) => each.reported_name || `PIN ${each.pin}`

type AdoptIn = { staff_id?: string; employee_id?: string; name?: string }

function AdoptForm({ stranger, onClose }: { stranger: Stranger | null; onClose: () => void }) {
  const client = useQueryClient()
  const save = async (values: AdoptIn) => {
    if (!stranger) return
    const entered = values.staff_id
      ? { staff_id: values.staff_id }
      : { employee_id: values.employee_id, name: values.name }
    await api.post('/api/device-users/{enrollment_id}/adopt', { path: { enrollment_id: stranger.id }, body: entered })
    await client.invalidateQueries()
    onClose()
  }
  const initial: AdoptIn = stranger?.suggestion
    ? { staff_id: stranger.suggestion.id }
    : { name: stranger?.reported_name ?? '' }
  return (
    <ResourceForm<AdoptIn>
      open={stranger !== null}
      title={stranger ? `Whose is PIN ${stranger.pin} on ${stranger.device_name}?` : ''}
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
  adopt: (each: Stranger) => void,
  remove: (each: Stranger) => Promise<void>,
): Column<Stranger>[] {
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

export default function StrangersPage() {
  const can = useCan()
  const client = useQueryClient()
  const [adopting, setAdopting] = useState<Stranger | null>(null)
  const columns = useMemo(() => {
    const remove = async (each: Stranger) => {
      await api.delete('/api/device-users/{enrollment_id}', { path: { enrollment_id: each.id } })
      await client.invalidateQueries({ queryKey: listKey(STRANGERS) })
    }
    return columnsOf(can, setAdopting, remove)
  }, [can, client])
  return (
    <>
      <DeviceTabs note="People whom a clock knows and nobody here has put there. Nothing is ever deleted from a clock by itself." />
      <ResourceTable<Stranger>
        id="device-users"
        label="People unknown here"
        path={list(STRANGERS)}
        rowKey={(each) => each.id}
        columns={columns}
        filters={FILTERS}
        searchLabel="Search PIN or name"
        empty={{ title: 'Nobody unknown', hint: 'Everybody whom the clocks have reported is known here.' }}
      />
      <AdoptForm stranger={adopting} onClose={() => setAdopting(null)} />
    </>
  )
}
