import { ConfirmButton, listKey, ResourceTable, type Column } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { api, list } from '../../api/client.ts'
import { GROUPS, type DeviceGroup } from '../../api/groups.ts'
import { useCan } from '../../session.ts'
import { DeviceTabs } from './DeviceTabs.tsx'
import { GroupForm } from './GroupForm.tsx'
import { ProgressWords } from './progressWords.tsx'

const POLL_MS = 5_000

function membersOf(group: DeviceGroup): string {
  if (group.everybody) return 'Everybody'
  return group.departments.length > 0 ? group.departments.join(', ') : 'Chosen people and sites'
}

type Can = (permission: string) => boolean

function columnsOf(
  can: Can,
  edit: (id: string) => void,
  remove: (group: DeviceGroup) => Promise<void>,
): Column<DeviceGroup>[] {
  return [
    {
      key: 'name',
      title: 'Group',
      card: 'title',
      csv: (group) => group.name,
      render: (group) => <strong>{group.name}</strong>,
    },
    {
      key: 'devices',
      title: 'Clocks',
      card: 'main',
      align: 'right',
      csv: (group) => group.devices,
      render: (group) => <span className="number">{group.devices}</span>,
    },
    {
      key: 'people',
      title: 'People',
      card: 'main',
      csv: (group) => group.people,
      render: (group) => (
        <span className="two-lines">
          <span className="number">{group.people}</span>
          <span>{membersOf(group)}</span>
        </span>
      ),
    },
    {
      key: 'progress',
      title: 'On the clocks',
      card: 'main',
      csv: (group) => `${group.progress.confirmed} of ${group.progress.wanted} confirmed`,
      render: (group) => <ProgressWords progress={group.progress} />,
    },
    {
      key: 'actions',
      title: 'Change',
      card: 'main',
      render: (group) => (
        <span className="row-actions">
          {can('devices:update') && (
            <Button size="small" aria-label={`Edit ${group.name}`} onClick={() => edit(group.id)}>
              Edit
            </Button>
          )}
          {can('devices:delete') && (
            <ConfirmButton
              size="small"
              question={`Remove the group ${group.name}?`}
              consequence="People who are on its clocks only because of this group are taken off them. Their punches stay."
              confirmLabel="Remove"
              refusal={`${group.name} was not removed`}
              action={() => remove(group)}
              aria-label={`Remove ${group.name}`}
            >
              Remove
            </ConfirmButton>
          )}
        </span>
      ),
    },
  ]
}

export default function DeviceGroupsPage() {
  const can = useCan()
  const client = useQueryClient()
  const [form, setForm] = useState<{ id: string | null } | null>(null)
  const columns = useMemo(() => {
    const remove = async (group: DeviceGroup) => {
      await api.delete('/api/device-groups/{group_id}', { path: { group_id: group.id } })
      await client.invalidateQueries({ queryKey: listKey(GROUPS) })
    }
    return columnsOf(can, (id) => setForm({ id }), remove)
  }, [can, client])
  const add = can('devices:create') && (
    <Button type="primary" onClick={() => setForm({ id: null })}>
      New group
    </Button>
  )
  return (
    <>
      <DeviceTabs
        note="Who belongs on which clocks. People come and go by themselves; a clock counts only once it has confirmed them."
        actions={add}
      />
      <ResourceTable<DeviceGroup>
        id="device-groups"
        label="Groups of clocks"
        path={list(GROUPS)}
        rowKey={(group) => group.id}
        columns={columns}
        searchLabel="Search groups"
        pollMs={POLL_MS}
        empty={{
          title: 'No groups yet',
          hint: 'Put clocks into a group and say who belongs on them: everybody, departments, sites, or people one by one.',
          action: add,
        }}
      />
      <GroupForm open={form !== null} id={form?.id ?? null} onClose={() => setForm(null)} />
    </>
  )
}
