import { ErrorPanel, Field, ResourceForm, useSettled, type Option } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Input, Select, Skeleton, Switch } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { GROUPS, type DeviceGroupDetail, type DeviceGroupIn, type Named } from '../../api/groups.ts'
import { DEVICES, findStaff } from '../../api/paths.ts'
import { useSites } from '../schedules/lists.ts'

type Props = { open: boolean; id: string | null; onClose: () => void }

const NOBODY: DeviceGroupIn = {
  name: '',
  device_ids: [],
  everybody: false,
  departments: [],
  site_ids: [],
  staff_ids: [],
}

type ChooserProps = { value?: string[]; onChange?: (ids: string[]) => void; id?: string; known: Named[] }

/** People by typing; those chosen before are known by name. */
function PeopleChooser({ value = [], onChange, id, known }: ChooserProps) {
  const [text, setText] = useState('')
  const settled = useSettled(text)
  const [named, setNamed] = useState<Option[]>(() => known.map((each) => ({ value: each.id, label: each.name })))
  const found = useQuery({
    queryKey: ['group-people', settled],
    queryFn: () => findStaff(settled),
  })
  const options = [...named, ...(found.data ?? []).filter((each) => !named.some((one) => one.value === each.value))]
  return (
    <Select
      {...(id && { id })}
      mode="multiple"
      value={value}
      placeholder="Type a name or an employee number"
      showSearch={{ optionFilterProp: 'label', onSearch: setText }}
      loading={found.isFetching}
      notFoundContent={found.isError ? 'The list of people could not be read' : 'Nobody of that name'}
      options={options}
      onChange={(ids: string[]) => {
        setNamed(options.filter((each) => ids.includes(each.value)))
        onChange?.(ids)
      }}
    />
  )
}

function Fields({ group, everybody }: { group: DeviceGroupDetail | undefined; everybody: boolean }) {
  const sites = useSites().data ?? []
  const devices = useQuery({
    queryKey: ['group-devices'],
    queryFn: ({ signal }) => api.get(DEVICES, { query: { limit: 200 }, signal }),
  })
  const approved = (devices.data?.items ?? []).filter((device) => device.status !== 'waiting_approval')
  return (
    <>
      <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
        <Input autoComplete="off" maxLength={120} />
      </Field>
      <Field
        name="device_ids"
        label="Clocks"
        {...(devices.isError && { extra: 'The list of clocks could not be read.' })}
      >
        <Select
          mode="multiple"
          loading={devices.isFetching}
          placeholder="Choose clocks"
          showSearch={{ optionFilterProp: 'label' }}
          notFoundContent="No approved clocks yet"
          options={approved.map((device) => ({ value: device.id, label: `${device.name} (${device.device_serial})` }))}
        />
      </Field>
      <Field
        name="everybody"
        label="Everybody"
        valuePropName="checked"
        extra="All active people, also those who join later."
      >
        <Switch />
      </Field>
      {!everybody && (
        <>
          <Field name="departments" label="Whole departments" extra="Type a department and press Enter.">
            <Select mode="tags" tokenSeparators={[',']} open={false} placeholder="Such as Operations" />
          </Field>
          {sites.length > 0 && (
            <Field name="site_ids" label="Whole sites">
              <Select
                mode="multiple"
                placeholder="Choose sites"
                options={sites.map((site) => ({ value: site.id, label: site.name }))}
              />
            </Field>
          )}
          <Field name="staff_ids" label="People chosen one by one">
            <PeopleChooser known={group?.staff ?? []} />
          </Field>
        </>
      )}
    </>
  )
}

/** Which clocks, and who belongs on each of them. */
export function GroupForm({ open, id, onClose }: Props) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: ['device-group', id],
    queryFn: ({ signal }) => api.get('/api/device-groups/{group_id}', { path: { group_id: id ?? '' }, signal }),
    enabled: open && id !== null,
    staleTime: 0,
  })
  const group = id === null ? undefined : query.data
  const ready = id === null || (query.data !== undefined && !query.isFetching)
  const initial: DeviceGroupIn = group
    ? {
        name: group.name,
        device_ids: group.device_list.map((device) => device.id),
        everybody: group.everybody,
        departments: group.departments,
        site_ids: group.site_ids,
        staff_ids: group.staff.map((person) => person.id),
      }
    : NOBODY
  const save = async (values: DeviceGroupIn) => {
    const everybody = values.everybody === true
    // What is not on the form while everybody belongs stays as it was: people may switch back.
    const entered = everybody
      ? {
          ...initial,
          ...values,
          departments: initial.departments,
          site_ids: initial.site_ids,
          staff_ids: initial.staff_ids,
        }
      : { ...initial, ...values }
    if (id === null) await api.post(GROUPS, { body: entered })
    else await api.put('/api/device-groups/{group_id}', { path: { group_id: id }, body: entered })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<DeviceGroupIn>
      key={ready ? (id ?? 'new') : 'loading'}
      open={open}
      title={group ? `Edit ${group.name}` : id ? 'Edit group' : 'New group of clocks'}
      submitLabel="Save"
      initial={initial}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) =>
        query.isError ? (
          <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
        ) : ready ? (
          <Fields group={group} everybody={values.everybody === true} />
        ) : (
          <Skeleton active />
        )
      }
    </ResourceForm>
  )
}
