import { Field, listKey, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Input, Select, Switch } from 'antd'
import { api } from '../../api/client.ts'
import { EVENTS, WEBHOOKS, type Webhook, type WebhookEvents, type WebhookMade } from '../../api/payroll.ts'

const OPTIONS = Object.entries(EVENTS)
  .filter(([value]) => value !== 'test')
  .map(([value, label]) => ({ value, label }))

type Values = { name: string; url: string; events: WebhookEvents; active: boolean }
type Props = { open: boolean; hook: Webhook | null; onClose: () => void }

/** Shows a new secret, this once. */
export function useSecretNote() {
  const { modal } = App.useApp()
  return (made: WebhookMade) =>
    modal.info({
      title: 'The secret, shown this once',
      width: 560,
      content: (
        <>
          <p>
            <code className="payroll-secret">{made.secret}</code>
          </p>
          <p>
            Give it to the receiver: it proves that a delivery is ours. It is kept encrypted and cannot be shown again;
            a new one can be made at any time.
          </p>
        </>
      ),
      okText: 'I have it',
    })
}

export function WebhookForm({ open, hook, onClose }: Props) {
  const client = useQueryClient()
  const showSecret = useSecretNote()
  const save = async (values: Values) => {
    const { name, url, events } = values
    if (hook) {
      await api.put('/api/webhooks/{webhook_id}', {
        path: { webhook_id: hook.id },
        body: { name, url, events, active: values.active },
      })
      await client.invalidateQueries({ queryKey: ['webhook', hook.id] })
    } else {
      showSecret(await api.post(WEBHOOKS, { body: { name, url, events } }))
    }
    await client.invalidateQueries({ queryKey: listKey(WEBHOOKS) })
    onClose()
  }
  return (
    <ResourceForm<Values>
      open={open}
      title={hook ? 'Change the webhook' : 'New webhook'}
      submitLabel={hook ? 'Save' : 'Add'}
      initial={(hook as Values | null) ?? { events: ['period.locked', 'payroll.batch.created'] }}
      onSubmit={save}
      onClose={onClose}
    >
      <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
        <Input autoComplete="off" maxLength={120} />
      </Field>
      <Field name="url" label="Address" rules={[{ required: true, message: 'Where to?' }]} extra="https:// and public.">
        <Input autoComplete="off" maxLength={500} spellCheck={false} inputMode="url" />
      </Field>
      <Field name="events" label="Is told when" rules={[{ required: true, message: 'Choose at least one' }]}>
        <Select<string[]> mode="multiple" options={OPTIONS} />
      </Field>
      {hook && (
        <Field name="active" label="On" valuePropName="checked">
          <Switch />
        </Field>
      )}
    </ResourceForm>
  )
}
