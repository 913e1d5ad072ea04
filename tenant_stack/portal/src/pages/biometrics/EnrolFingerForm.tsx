import { Field, ResourceForm } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Checkbox, Select } from 'antd'
import { useNavigate } from 'react-router'
import { api } from '../../api/client.ts'
import { biometricsKey } from '../../api/biometrics.ts'
import { DEVICES } from '../../api/paths.ts'
import type { Staff } from '../../api/types.ts'
import { FingerPicture } from './FingerPicture.tsx'
import { FINGER_OPTIONS } from './words.tsx'

type Values = { 'biometric.device_id': string; 'biometric.finger_index': number; overwrite?: boolean }
type Props = { open: boolean; staff: Staff; onClose: () => void }

/** Take a finger at a clock, from this desk. */
export function EnrolFingerForm({ open, staff, onClose }: Props) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const devices = useQuery({
    queryKey: ['enroll-devices'],
    queryFn: ({ signal }) => api.get(DEVICES, { query: { limit: 200 }, signal }),
    enabled: open,
  })
  const online = (devices.data?.items ?? []).filter((device) => device.status !== 'waiting_approval')
  const begin = async (values: Values) => {
    const answer = await api.post('/api/staff/{staff_id}/enroll', {
      path: { staff_id: staff.id },
      body: {
        biometric: {
          device_id: values['biometric.device_id'],
          finger_index: values['biometric.finger_index'],
          overwrite: values.overwrite ?? false,
        },
      },
    })
    await client.invalidateQueries({ queryKey: biometricsKey(staff.id) })
    onClose()
    if (answer.enrolment) await navigate(`/enrolments/${answer.enrolment.id}`)
  }
  return (
    <ResourceForm<Values>
      open={open}
      title={`Take a finger of ${staff.name}`}
      submitLabel="Start at the clock"
      initial={{ 'biometric.finger_index': 6 }}
      onSubmit={begin}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field
            name="biometric.device_id"
            label="Clock"
            extra="The one that the person stands at now."
            rules={[{ required: true, message: 'Choose the clock' }]}
          >
            <Select
              loading={devices.isFetching}
              placeholder="Choose the clock"
              showSearch={{ optionFilterProp: 'label' }}
              notFoundContent="No approved clocks yet"
              options={online.map((device) => ({
                value: device.id,
                label: `${device.name} (${device.device_serial})`,
              }))}
            />
          </Field>
          <Field
            name="biometric.finger_index"
            label="Finger"
            rules={[{ required: true, message: 'Choose the finger' }]}
          >
            <Select options={FINGER_OPTIONS} />
          </Field>
          <FingerPicture finger={values['biometric.finger_index'] ?? null} />
          <Field name="overwrite" valuePropName="checked">
            <Checkbox>Replace what the clock has of this finger</Checkbox>
          </Field>
        </>
      )}
    </ResourceForm>
  )
}
