import { Field, ResourceForm, zoneNames } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input, InputNumber, Radio, Select } from 'antd'
import { api } from '../api/client.ts'
import { DEVICES } from '../api/paths.ts'
import type { Device, DeviceIn } from '../api/types.ts'
import { useSession } from '../session.ts'
import { PullInstructions, PushInstructions } from './ClockInstructions.tsx'

const ZONES = zoneNames().map((name) => ({ value: name, label: name }))
const required = (message: string) => [{ required: true, whitespace: true, message }]

function ZoneField() {
  const { zone } = useSession().organisation
  return (
    <Field name="zone" label="Time zone of the site" extra={`Empty means the organisation's own, ${zone}.`}>
      <Select allowClear showSearch={{ optionFilterProp: 'label' }} placeholder={zone} options={ZONES} />
    </Field>
  )
}

const LocationField = () => (
  <Field name="location" label="Place" extra="Where it hangs: “Gate 2”, “Warehouse, staff entrance”.">
    <Input autoComplete="off" maxLength={200} />
  </Field>
)

function editable(device: Device | undefined): Partial<DeviceIn> {
  if (!device) return { connection: 'push', port: 4370 }
  const { device_serial, name, connection, ip_address, port, zone, location } = device
  return { device_serial, name, connection, ip_address, port: port ?? 4370, zone, location }
}

type FormProps = { open: boolean; device?: Device; onClose: () => void; onSaved: (device: Device) => void }

export function DeviceForm({ open, device, onClose, onSaved }: FormProps) {
  const client = useQueryClient()
  const save = async (values: DeviceIn) => {
    const saved = device
      ? await api.put('/api/devices/{device_id}', {
          path: { device_id: device.id },
          body: {
            ...values,
            ...(device.device_config && { device_config: device.device_config }),
          },
        })
      : await api.post(DEVICES, { body: values })
    await client.invalidateQueries()
    onSaved(saved)
  }
  return (
    <ResourceForm<DeviceIn>
      open={open}
      title={device ? `Edit ${device.name}` : 'Add a clock'}
      submitLabel={device ? 'Save' : 'Add'}
      initial={editable(device)}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => {
        const pull = values.connection === 'pull'
        return (
          <>
            <Field name="connection" label="How it connects">
              <Radio.Group
                options={[
                  { value: 'push', label: 'It calls Punctual (push)' },
                  { value: 'pull', label: 'Punctual calls it (pull)' },
                ]}
              />
            </Field>
            {!device && (pull ? <PullInstructions /> : <PushInstructions />)}
            <Field name="name" label="Name" rules={required('Give the clock a name')}>
              <Input autoComplete="off" maxLength={100} />
            </Field>
            <Field
              name="device_serial"
              label="Serial number"
              rules={required('Enter the serial number')}
              extra="On the sticker at the back, or Menu → System Info."
            >
              <Input autoComplete="off" maxLength={64} spellCheck={false} disabled={!!device} />
            </Field>
            {pull && (
              <>
                <div className="form-row">
                  <Field name="ip_address" label="IP address" rules={required('Enter the IP address')}>
                    <Input autoComplete="off" inputMode="decimal" spellCheck={false} />
                  </Field>
                  <Field name="port" label="Port">
                    <InputNumber min={1} max={65535} precision={0} controls={false} style={{ width: '100%' }} />
                  </Field>
                </div>
                <Field
                  name="comm_key"
                  label="Comm key"
                  extra={device ? 'Never shown again. Leave empty to keep the one we have.' : 'Empty means none.'}
                >
                  <Input.Password autoComplete="new-password" maxLength={32} />
                </Field>
              </>
            )}
            <ZoneField />
            <LocationField />
          </>
        )
      }}
    </ResourceForm>
  )
}

type ApproveIn = { name: string; zone?: string; location?: string }
type ApproveProps = { device: Device | null; onClose: () => void }

export function ApproveForm({ device, onClose }: ApproveProps) {
  const client = useQueryClient()
  const approve = async (values: ApproveIn) => {
    await api.post('/api/devices/{device_id}/approve', { path: { device_id: device?.id ?? '' }, body: values })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<ApproveIn>
      open={device !== null}
      title="Approve this clock"
      submitLabel="Approve"
      initial={{ name: device?.name && device.name !== device.device_serial ? device.name : '' }}
      onSubmit={approve}
      onClose={onClose}
    >
      <div className="hint-box">
        <p>
          A clock with serial number <code>{device?.device_serial}</code>
          {device?.source_address && (
            <>
              {' '}
              called from <code>{device.source_address}</code>
            </>
          )}
          . Approve it only if that is the number on your own clock: from then on its punches count.
        </p>
      </div>
      <Field name="name" label="Name" rules={required('Give the clock a name')}>
        <Input autoComplete="off" maxLength={100} />
      </Field>
      <ZoneField />
      <LocationField />
    </ResourceForm>
  )
}
