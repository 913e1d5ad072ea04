import { Instant, ResourceTable, type Column } from '@punctual/portal-kit'
import { Link } from 'react-router'
import { list } from '../../api/client.ts'
import { HELD_BACK, type HeldBack } from '../../api/biometrics.ts'
import { BiometricsTabs } from './BiometricsTabs.tsx'
import { partOf } from './words.tsx'

const COLUMNS: Column<HeldBack>[] = [
  {
    key: 'who',
    title: 'Who',
    card: 'title',
    csv: (item) => item.staff_name ?? `PIN ${item.pin}`,
    render: (item) =>
      item.staff_id ? <Link to={`/staff/${item.staff_id}`}>{item.staff_name}</Link> : `PIN ${item.pin}, nobody here`,
  },
  {
    key: 'what',
    title: 'What',
    card: 'main',
    csv: (item) => partOf(item.template_type, item.finger_index),
    render: (item) => partOf(item.template_type, item.finger_index),
  },
  {
    key: 'clock',
    title: 'Taken at',
    card: 'main',
    csv: (item) => item.device_name,
    render: (item) => (item.device_id ? <Link to={`/devices/${item.device_id}`}>{item.device_name}</Link> : '–'),
  },
  { key: 'why', title: 'Why it waits', card: 'main', csv: (item) => item.reason, render: (item) => item.reason },
  {
    key: 'at',
    title: 'Since',
    csv: (item) => item.captured_at,
    render: (item) => <Instant at={item.captured_at} seconds={false} />,
  },
  {
    key: 'until',
    title: 'Erased on',
    card: 'main',
    csv: (item) => item.erased_on,
    render: (item) => <Instant at={item.erased_on} seconds={false} />,
  },
]

export default function HeldBackPage() {
  return (
    <>
      <BiometricsTabs />
      <ResourceTable<HeldBack>
        id="held-back"
        label="Templates held back"
        path={list(HELD_BACK)}
        rowKey={(item) => item.id}
        columns={COLUMNS}
        empty={{
          title: 'Nothing is held back',
          hint: 'A finger that somebody enrols at a clock by themselves waits here, encrypted, until they agree.',
        }}
      />
    </>
  )
}
