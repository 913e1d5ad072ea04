import { Field, ResourceForm } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Input, Select } from 'antd'
import { api } from '../api/client.ts'
import { DEVICES } from '../api/paths.ts'
import type { Staff } from '../api/types.ts'

type EnrollIn = { device_ids: string[]; pin?: string }
type Props = { open: boolean; staff: Staff; onClose: () => void }

/** Put a person on clocks. The clocks confirm later; the page shows each one's answer. */
export function EnrollForm({ open, staff, onClose }: Props) {
  const client = useQueryClient()
  const devices = useQuery({
    queryKey: ['enroll-devices'],
    queryFn: ({ signal }) => api.get(DEVICES, { query: { limit: 200 }, signal }),
    enabled: open,
  })
  const approved = (devices.data?.items ?? []).filter((device) => device.status !== 'waiting_approval')
  const send = async (values: EnrollIn) => {
    await api.post('/api/staff/{staff_id}/enroll', { path: { staff_id: staff.id }, body: values })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<EnrollIn>
      open={open}
      title={`Enrol ${staff.name} on clocks`}
      submitLabel="Send to the clocks"
      initial={{}}
      onSubmit={send}
      onClose={onClose}
    >
      <Field
        name="device_ids"
        label="Clocks"
        rules={[{ required: true, message: 'Choose at least one clock' }]}
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
        name="pin"
        label="PIN on the clocks"
        extra="The number this person has on the clocks. Leave it empty to let Punctual choose a free one."
        rules={[{ pattern: /^[0-9]{1,9}$/, message: 'Digits only, at most 9' }]}
      >
        <Input inputMode="numeric" autoComplete="off" />
      </Field>
    </ResourceForm>
  )
}
