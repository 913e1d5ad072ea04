import { Instant, ResourceTable, type Column, type Filter } from '@punctual/portal-kit'
import { Link } from 'react-router'
import { list } from '../../api/client.ts'
import { BIOMETRIC_ACCESS, type Access } from '../../api/biometrics.ts'
import { findStaff, staffName } from '../../api/paths.ts'
import { spoken } from '../../words.tsx'
import { BiometricsTabs } from './BiometricsTabs.tsx'

const PURPOSES = ['stored', 'compared', 'sent to clock', 'rewrapped', 'given to its person', 'erased', 'unreadable']

const FILTERS: Filter[] = [
  { kind: 'lookup', name: 'staff_id', label: 'Anybody', search: findStaff, nameOf: staffName, width: 220 },
  {
    kind: 'select',
    name: 'purpose',
    label: 'Any purpose',
    options: PURPOSES.map((value) => ({ value, label: spoken(value) })),
    width: 190,
  },
]

const COLUMNS: Column<Access>[] = [
  { key: 'at', title: 'When', card: 'main', csv: (item) => item.at, render: (item) => <Instant at={item.at} /> },
  {
    key: 'whose',
    title: 'Whose',
    card: 'title',
    csv: (item) => item.staff_name,
    render: (item) =>
      item.staff_id ? (
        <Link to={`/staff/${item.staff_id}`}>{item.staff_name ?? 'Somebody deleted'}</Link>
      ) : (
        'Nobody known'
      ),
  },
  {
    key: 'purpose',
    title: 'What for',
    card: 'main',
    csv: (item) => item.purpose,
    render: (item) => spoken(item.purpose),
  },
  {
    key: 'clock',
    title: 'Clock',
    csv: (item) => item.device_name,
    render: (item) =>
      item.device_id ? (
        <Link to={`/devices/${item.device_id}`}>{item.device_name ?? 'A clock since deleted'}</Link>
      ) : (
        '–'
      ),
  },
  { key: 'who', title: 'By', card: 'main', csv: (item) => item.actor_label, render: (item) => item.actor_label },
  {
    key: 'template',
    title: 'Template',
    optional: true,
    csv: (item) => item.template_id,
    render: (item) => item.template_id,
  },
]

export default function AccessPage() {
  return (
    <>
      <BiometricsTabs />
      <ResourceTable<Access>
        id="biometric-access"
        label="Access to templates"
        path={list(BIOMETRIC_ACCESS)}
        rowKey={(item) => String(item.id)}
        columns={COLUMNS}
        filters={FILTERS}
        empty={{
          title: 'No access yet',
          hint: 'Each time a template is stored, compared, sent or erased, a line appears here.',
        }}
      />
    </>
  )
}
