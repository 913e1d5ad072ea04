import { Chip, ConfirmButton, EmptyState, ErrorPanel, Instant, Panel } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import { biometricsKey, type Biometric } from '../../api/biometrics.ts'
import type { Staff } from '../../api/types.ts'
import { useCan } from '../../session.ts'
import { ConsentForm, HOW } from './ConsentForm.tsx'
import { EnrolFingerForm } from './EnrolFingerForm.tsx'
import { Copies, partOf } from './words.tsx'

const MOVING = new Set(['pending', 'sent', 'written', 'removing'])
const POLL_MS = 3_000

function StateChip({ item }: { item: Biometric }) {
  if (item.unreadable) return <Chip tone="bad">Unreadable</Chip>
  if (item.state === 'quarantined') return <Chip tone="warn">Held back</Chip>
  if (item.state === 'revoked') return <Chip tone="idle">Erased</Chip>
  return <Chip tone="ok">In use</Chip>
}

function TemplateLine({ item, staffId }: { item: Biometric; staffId: string }) {
  const can = useCan()
  const client = useQueryClient()
  const name = partOf(item.template_type, item.finger_index)
  const erase = async () => {
    await api.delete('/api/staff/{staff_id}/biometrics/{template_id}', {
      path: { staff_id: staffId, template_id: item.id },
    })
    await client.invalidateQueries({ queryKey: biometricsKey(staffId) })
  }
  return (
    <li>
      <div className="strip-line">
        <span>
          {name}
          {item.part > 0 && ` · part ${item.part + 1}`} <span className="muted">{item.template_format}</span>
        </span>
        <span className="row-actions">
          {item.duress && <Chip tone="warn">Means duress</Chip>}
          <StateChip item={item} />
          {can('biometrics:delete') && item.state !== 'revoked' && (
            <ConfirmButton
              size="small"
              question={`Erase ${name}?`}
              consequence="It is erased here at once, and on every clock as soon as the clock can be reached."
              confirmLabel="Erase"
              refusal={`${name} was not erased`}
              action={erase}
              aria-label={`Erase ${name}`}
            >
              Erase
            </ConfirmButton>
          )}
        </span>
      </div>
      <div className="strip-why">
        <span>
          {item.origin_device_name ? `Taken at ${item.origin_device_name}` : 'Entered'} ·{' '}
          {item.quality_score === null ? 'quality not said' : `quality ${item.quality_score} of 100`}
          {item.erased_because && ` · erased: ${item.erased_because}`}
        </span>
        <Instant at={item.erased_at ?? item.captured_at} seconds={false} />
      </div>
      <Copies items={item.copies} />
    </li>
  )
}

/** A person's consent and templates, with where each template is. Renders nothing for those who may not see it. */
export function BiometricsPanel({ staff }: { staff: Staff }) {
  const can = useCan()
  const client = useQueryClient()
  const [form, setForm] = useState<'consent' | 'finger' | null>(null)
  const may = can('biometrics:read')
  const templates = useQuery({
    queryKey: [...biometricsKey(staff.id), 'templates'],
    queryFn: ({ signal }) => api.get('/api/staff/{staff_id}/biometrics', { path: { staff_id: staff.id }, signal }),
    enabled: may,
    refetchInterval: ({ state }) =>
      state.data?.items.some((item) => item.copies.some((copy) => MOVING.has(copy.state))) ? POLL_MS : false,
  })
  const consents = useQuery({
    queryKey: [...biometricsKey(staff.id), 'consents'],
    queryFn: ({ signal }) => api.get('/api/staff/{staff_id}/consents', { path: { staff_id: staff.id }, signal }),
    enabled: may,
  })
  if (!may) return null
  const standing = consents.data?.items.find((item) => item.ended_at === null)
  const last = consents.data?.items[0]
  const items = templates.data?.items ?? []
  const withdraw = async () => {
    await api.post('/api/staff/{staff_id}/consents/withdraw', { path: { staff_id: staff.id } })
    await client.invalidateQueries({ queryKey: biometricsKey(staff.id) })
  }
  const failed = templates.isError ? templates : consents.isError ? consents : null
  return (
    <Panel title="Biometrics" extra={<Link to={`/biometrics/access?staff_id=${staff.id}`}>Who used them</Link>}>
      {failed && <ErrorPanel error={failed.error} onRetry={() => void failed.refetch()} />}
      {!failed && (templates.isPending || consents.isPending) && <Skeleton active paragraph={{ rows: 3 }} />}
      {!failed && consents.data && (
        <div className="consent-line">
          <p>
            {standing ? (
              <>
                <Chip tone="ok">Agreed</Chip> to version {standing.version} (
                {HOW.find((how) => how.value === standing.how)?.label.toLowerCase()}) on{' '}
                <Instant at={standing.given_at} seconds={false} />, recorded by {standing.recorded_by}.
              </>
            ) : (
              <>
                <Chip tone="warn">{last ? 'Withdrawn' : 'No consent'}</Chip> Nothing may be taken of this person before
                they agree; card and PIN work without.
              </>
            )}
          </p>
          <span className="row-actions">
            {can('biometrics:create') && (
              <Button size="small" onClick={() => setForm('consent')}>
                {standing ? 'Renew consent' : 'Record consent'}
              </Button>
            )}
            {standing && can('biometrics:create') && can('staff:sync') && staff.active && (
              <Button size="small" type="primary" onClick={() => setForm('finger')}>
                Take a finger
              </Button>
            )}
            {standing && can('biometrics:delete') && (
              <ConfirmButton
                size="small"
                question={`Withdraw the consent of ${staff.name}?`}
                consequence="All their templates are erased, here at once and on the clocks as they are reached. They stay on the clocks with card and PIN."
                confirmLabel="Withdraw and erase"
                refusal="The consent was not withdrawn"
                action={withdraw}
              >
                Withdraw
              </ConfirmButton>
            )}
          </span>
        </div>
      )}
      {!failed && templates.data && items.length === 0 && (
        <EmptyState title="No templates" hint="A finger taken at a clock appears here, without the template itself." />
      )}
      {items.length > 0 && (
        <ul className="strip">
          {items.map((item) => (
            <TemplateLine key={item.id} item={item} staffId={staff.id} />
          ))}
        </ul>
      )}
      <ConsentForm open={form === 'consent'} staff={staff} onClose={() => setForm(null)} />
      <EnrolFingerForm open={form === 'finger'} staff={staff} onClose={() => setForm(null)} />
    </Panel>
  )
}
