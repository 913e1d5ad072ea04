import { Field, ResourceForm } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Input, Select } from 'antd'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import { biometricsKey, CONSENT_TEXTS, type ConsentIn } from '../../api/biometrics.ts'
import type { Staff } from '../../api/types.ts'

type Props = { open: boolean; staff: Staff; onClose: () => void }

export const HOW: { value: ConsentIn['how']; label: string }[] = [
  { value: 'written', label: 'On paper, signed' },
  { value: 'electronic', label: 'Electronically' },
  { value: 'spoken', label: 'Spoken, before a witness' },
]

/** Record that somebody agreed, before anything is taken of them. */
export function ConsentForm({ open, staff, onClose }: Props) {
  const client = useQueryClient()
  const texts = useQuery({
    queryKey: ['consent-texts'],
    queryFn: ({ signal }) => api.get(CONSENT_TEXTS, { query: { limit: 50 }, signal }),
    enabled: open,
  })
  const items = texts.data?.items ?? []
  const save = async (values: ConsentIn) => {
    await api.post('/api/staff/{staff_id}/consents', { path: { staff_id: staff.id }, body: values })
    await client.invalidateQueries({ queryKey: biometricsKey(staff.id) })
    onClose()
  }
  return (
    <ResourceForm<ConsentIn>
      open={open && !texts.isPending}
      title={`Consent of ${staff.name}`}
      submitLabel="Record"
      initial={{ how: 'written', ...(items[0] && { version: items[0].version }) }}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          {items.length === 0 && (
            <div className="hint-box">
              <p>
                There is no text to agree to yet. <Link to="/biometrics">Write it first</Link>.
              </p>
            </div>
          )}
          <Field name="version" label="Text" rules={[{ required: true, message: 'Choose what they agreed to' }]}>
            <Select
              options={items.map((text) => ({ value: text.version, label: `Version ${text.version}: ${text.title}` }))}
              notFoundContent="No text yet"
            />
          </Field>
          <p className="consent-text">{items.find((text) => text.version === values.version)?.text}</p>
          <Field name="how" label="How they agreed" rules={[{ required: true, message: 'Say how' }]}>
            <Select options={HOW} />
          </Field>
          <Field name="note" label="Note" extra="Where the signed paper is kept, who was there.">
            <Input maxLength={400} autoComplete="off" />
          </Field>
        </>
      )}
    </ResourceForm>
  )
}
