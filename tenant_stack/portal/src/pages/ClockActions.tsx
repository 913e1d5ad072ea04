import { ConfirmButton, Field, Panel, ResourceForm, useAction } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Input } from 'antd'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { ClockAction } from '../api/clocks.ts'
import type { Device } from '../api/types.ts'
import { useCan } from '../session.ts'

/** Does one thing on the clock and says what was set going. */
function useClockAction(deviceId: string) {
  const { notification } = App.useApp()
  const client = useQueryClient()
  return async (action: ClockAction, confirm_serial?: string) => {
    const answer = await api.post('/api/devices/{device_id}/actions', {
      path: { device_id: deviceId },
      body: { action, ...(confirm_serial && { confirm_serial }) },
    })
    notification.success({ title: answer.message })
    await client.invalidateQueries()
  }
}

function ClearLog({ device }: { device: Device }) {
  const [open, setOpen] = useState(false)
  const act = useClockAction(device.id)
  return (
    <>
      <Button danger onClick={() => setOpen(true)}>
        Clear its log
      </Button>
      <ResourceForm<{ confirm_serial: string }>
        open={open}
        title={`Clear the log of ${device.name}`}
        submitLabel="Clear the log"
        initial={{}}
        onSubmit={async ({ confirm_serial }) => {
          await act('clear_log', confirm_serial.trim())
          setOpen(false)
        }}
        onClose={() => setOpen(false)}
      >
        <div className="hint-box">
          <p>
            The clock counts its log first. It is cleared only when every punch of it is here, and counted again
            afterwards. Nothing that is stored here is touched.
          </p>
        </div>
        <Field
          name="confirm_serial"
          label="Serial number of the clock"
          rules={[{ required: true, whitespace: true, message: 'Enter the serial number to confirm' }]}
          extra={device.device_serial}
        >
          <Input autoComplete="off" spellCheck={false} />
        </Field>
      </ResourceForm>
    </>
  )
}

export function ActionsPanel({ device }: { device: Device }) {
  const act = useClockAction(device.id)
  const { busy, run } = useAction()
  const can = useCan()
  if (!can('devices:update')) return null
  const pull = device.connection === 'pull'
  const ask = (action: ClockAction) => void run('The clock was not asked', () => act(action))
  return (
    <Panel title="Ask of the clock">
      <div className="actions">
        <Button loading={busy} onClick={() => ask('verify')}>
          Compare now
        </Button>
        <Button loading={busy} onClick={() => ask('read_all')}>
          Read its whole log
        </Button>
        {!pull && (
          <Button loading={busy} onClick={() => ask('info')}>
            Ask about itself
          </Button>
        )}
        {pull && (
          <ConfirmButton
            question={`Set the time of ${device.name}?`}
            consequence={`It gets the time of its site (${device.zone ?? 'the organisation'}). Punches already on it keep the time they have.`}
            confirmLabel="Set the time"
            refusal="The time was not set"
            danger={false}
            action={() => act('set_time')}
          >
            Set its time
          </ConfirmButton>
        )}
        <ConfirmButton
          question={`Restart ${device.name}?`}
          consequence="Nobody can punch on it for about a minute."
          confirmLabel="Restart"
          refusal="The clock was not restarted"
          danger={false}
          action={() => act('reboot')}
        >
          Restart
        </ConfirmButton>
        <ClearLog device={device} />
      </div>
    </Panel>
  )
}

/** What may be sent to the clock, and from where it calls. */
export function TrustPanel({ device }: { device: Device }) {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const full = device.trust === 'full'
  const mayDecide = can('devices:approve')
  const setTrust = async (trust: 'full' | 'punches') => {
    await api.put('/api/devices/{device_id}/trust', { path: { device_id: device.id }, body: { trust } })
    await client.invalidateQueries()
  }
  const settle = (accept: boolean) =>
    run('The address was not settled', async () => {
      await api.post('/api/devices/{device_id}/address', { path: { device_id: device.id }, body: { accept } })
      await client.invalidateQueries()
    })
  return (
    <Panel title="Trust">
      <div className="panel-text">
        <p>
          {full
            ? 'Everything may be sent to this clock, biometric templates and administrator rights as well.'
            : 'Punches are taken from this clock. No biometric templates, passwords or administrator rights are sent to it.'}
        </p>
        {device.connection === 'push' && (
          <p className="muted">
            A clock that calls us is known by its serial number alone, which anybody could use.
            {device.pinned_address && ` It calls from ${device.pinned_address}.`}
          </p>
        )}
        {device.claim_state === 'elsewhere' && (
          <p role="alert">This serial number is registered by another organisation. Ask whoever runs the platform.</p>
        )}
        {device.new_address && (
          <div className="hint-box" role="alert">
            <p>
              It now calls from <code>{device.new_address}</code>
              {device.pinned_address && (
                <>
                  {' '}
                  instead of <code>{device.pinned_address}</code>
                </>
              )}
              . Its punches are taken and flagged; nothing secret is sent until somebody says whose address that is.
            </p>
            {mayDecide && (
              <div className="actions">
                <Button type="primary" loading={busy} onClick={() => void settle(true)}>
                  It is the clock’s
                </Button>
                <Button loading={busy} onClick={() => void settle(false)}>
                  It is not
                </Button>
              </div>
            )}
          </div>
        )}
        {mayDecide &&
          (full ? (
            <Button loading={busy} onClick={() => void run('The trust was not changed', () => setTrust('punches'))}>
              Trust with punches only
            </Button>
          ) : (
            <ConfirmButton
              question={`Trust ${device.name} with everything?`}
              consequence="Biometric templates are then sent to it. Do so when you know that the network between the clock and Punctual is yours."
              confirmLabel="Trust it"
              refusal="The trust was not changed"
              danger={false}
              action={() => setTrust('full')}
            >
              Trust with everything
            </ConfirmButton>
          ))}
      </div>
    </Panel>
  )
}
