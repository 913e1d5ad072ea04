import { Instant, useAction } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Drawer, Input, InputNumber } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import type { Conflict, Take } from '../../api/groups.ts'
import { useCan } from '../../session.ts'
import { DecisionChip, kindWords, ThreeColumns } from './conflictWords.tsx'

type Props = { conflict: Conflict | null; onClose: () => void }
type Own = { name?: string; card?: number }

/** One conflict: the three versions, what was decided and why, and another decision. */
export function ConflictDrawer({ conflict, onClose }: Props) {
  return (
    <Drawer
      open={conflict !== null}
      title={conflict ? kindWords(conflict.kind) : ''}
      size={640}
      onClose={onClose}
      destroyOnHidden
    >
      {conflict && <Body key={conflict.id} conflict={conflict} onDone={onClose} />}
    </Drawer>
  )
}

function Body({ conflict, onDone }: { conflict: Conflict; onDone: () => void }) {
  const can = useCan()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const [own, setOwn] = useState<Own | null>(null)
  const path = { conflict_id: conflict.id }
  const send = async (call: () => Promise<unknown>) => {
    const done = await run('This was not decided', call)
    if (!done) return
    await client.invalidateQueries()
    onDone()
  }
  const take = (choice: Take) =>
    send(() =>
      api.post('/api/conflicts/{conflict_id}/resolve', {
        path,
        body: choice === 'value' ? { take: choice, value: own } : { take: choice },
      }),
    )
  return (
    <div className="stack">
      <p>
        {conflict.staff_id ? <Link to={`/staff/${conflict.staff_id}`}>{conflict.staff_name}</Link> : 'Nobody known'},
        PIN {conflict.pin} on <Link to={`/devices/${conflict.device_id}`}>{conflict.device_name}</Link>{' '}
        <DecisionChip conflict={conflict} />
      </p>
      <div>
        <ThreeColumns conflict={conflict} />
        {conflict.resolved_at && (
          <p className="muted">
            Decided by {conflict.resolved_by}, <Instant at={conflict.resolved_at} />.
          </p>
        )}
      </div>
      {can('staff:update') && (
        <>
          <div className="actions">
            <Button loading={busy} onClick={() => void take('ours')}>
              Take ours
            </Button>
            <Button loading={busy} onClick={() => void take('device')}>
              Take the clock’s
            </Button>
            {conflict.kind === 'pin_collision' && (
              <Button loading={busy} onClick={() => void take('apart')}>
                These are two people
              </Button>
            )}
            {!own && (
              <Button
                onClick={() =>
                  setOwn({
                    name: conflict.ours?.name || conflict.theirs.name,
                    card: conflict.ours?.card ?? conflict.theirs.card,
                  })
                }
              >
                Write another value
              </Button>
            )}
            {conflict.undo_until && (
              <Button
                loading={busy}
                onClick={() => void send(() => api.post('/api/conflicts/{conflict_id}/undo', { path }))}
              >
                Take the decision back
              </Button>
            )}
          </div>
          {own && (
            <div className="form-row">
              <label>
                Name
                <Input
                  value={own.name ?? ''}
                  maxLength={200}
                  onChange={(event) => setOwn({ ...own, name: event.target.value })}
                />
              </label>
              <label>
                Card
                <InputNumber
                  value={own.card ?? 0}
                  min={0}
                  max={4294967295}
                  precision={0}
                  onChange={(card) => setOwn({ ...own, card: card ?? 0 })}
                />
              </label>
              <Button type="primary" loading={busy} disabled={!own.name?.trim()} onClick={() => void take('value')}>
                Take this
              </Button>
            </div>
          )}
          <p className="muted">The clocks follow by themselves. A decision can be taken back for 24 hours.</p>
        </>
      )}
    </div>
  )
}
