import { Field, ResourceForm } from '@punctual/portal-kit'
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query'
import { Radio, Select } from 'antd'
import { api } from '../../api/client.ts'
import type { ResolveManyIn } from '../../api/groups.ts'
import { KIND_OPTIONS } from './conflictWords.tsx'

type Wanted = Required<Pick<ResolveManyIn, 'kind' | 'take' | 'state'>>

function Preview({ wanted }: { wanted: Partial<Wanted> }) {
  const { kind, take, state } = wanted
  const preview = useQuery({
    queryKey: ['conflicts-preview', kind, take, state],
    queryFn:
      kind && take && state
        ? () => api.post('/api/conflicts/resolve', { body: { kind, take, state, preview: true } })
        : skipToken,
    staleTime: 0,
  })
  if (!kind || !take) return <p className="muted">Choose what to decide, and how.</p>
  if (preview.isError) return <p className="muted">How many these are could not be read.</p>
  if (!preview.data) return <p className="muted">Counting …</p>
  return (
    <p>
      This decides <strong>{preview.data.matched}</strong> of that kind
      {preview.data.matched > 500 && ', 500 at a time'}.
    </p>
  )
}

/** The same decision for all of one kind, after a count of what that would be. */
export function ResolveManyForm({ open, onClose }: { open: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const save = async (values: Wanted) => {
    await api.post('/api/conflicts/resolve', { body: values })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<Wanted>
      open={open}
      title="Decide all of one kind"
      submitLabel="Decide all of these"
      initial={{ state: 'open' }}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field name="kind" label="What" rules={[{ required: true, message: 'Choose a kind' }]}>
            <Select options={KIND_OPTIONS} />
          </Field>
          <Field name="state" label="Which of them">
            <Radio.Group
              options={[
                { value: 'open', label: 'Still to decide' },
                { value: 'resolved', label: 'Decided by the rule' },
              ]}
            />
          </Field>
          <Field name="take" label="Decision" rules={[{ required: true, message: 'Choose a decision' }]}>
            <Radio.Group
              options={[
                { value: 'ours', label: 'Take ours' },
                { value: 'device', label: 'Take the clock’s' },
                ...(values.kind === 'pin_collision' ? [{ value: 'apart', label: 'Two people' }] : []),
              ]}
            />
          </Field>
          <Preview wanted={values} />
        </>
      )}
    </ResourceForm>
  )
}
