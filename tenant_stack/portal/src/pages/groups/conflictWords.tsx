import { Chip, Instant } from '@punctual/portal-kit'
import type { Conflict, ConflictKind, Facts } from '../../api/groups.ts'
import '../../groups.css'

const KINDS: Record<ConflictKind, string> = {
  changed_at_clock: 'Changed at the clock',
  changed_on_both: 'Changed on both sides',
  pin_collision: 'One number, two names',
}
export const KIND_OPTIONS = (Object.keys(KINDS) as ConflictKind[]).map((value) => ({ value, label: KINDS[value] }))
export const STATE_OPTIONS = [
  { value: 'open', label: 'To decide' },
  { value: 'resolved', label: 'Decided' },
]
export const kindWords = (kind: ConflictKind) => KINDS[kind]

const FIELDS: [keyof Facts, string][] = [
  ['name', 'Name'],
  ['card', 'Card'],
  ['privilege', 'Right on the clock'],
]
const PRIVILEGES: Record<number, string> = { 0: 'User', 2: 'Enroller', 6: 'Manager', 14: 'Administrator' }

function valueOf(facts: Facts | null, field: keyof Facts): string {
  if (!facts) return '–'
  if (field === 'name') return facts.name || 'No name'
  if (field === 'card') return facts.card ? String(facts.card) : 'None'
  return PRIVILEGES[facts.privilege] ?? String(facts.privilege)
}

/** Who decided, and for what. */
export function DecisionChip({ conflict }: { conflict: Conflict }) {
  if (conflict.state === 'open') return <Chip tone="warn">To decide</Chip>
  const whose: Record<string, string> = {
    ours: 'Ours',
    device: 'The clock’s',
    value: 'Another value',
    mixed: 'Of each the later',
  }
  const words = conflict.taken && conflict.result ? whose[conflict.taken] : 'Two people'
  return (
    <Chip tone={conflict.automatic ? 'idle' : 'ok'} title={conflict.rule}>
      {conflict.automatic ? `${words}, by the rule` : words}
    </Chip>
  )
}

/** Last agreed, ours, the clock's: side by side, what differs marked, and what the rule says. */
export function ThreeColumns({ conflict }: { conflict: Conflict }) {
  const sides: [string, Facts | null, string | null][] = [
    ['Last agreed', conflict.agreed, null],
    ['Ours', conflict.ours, conflict.ours_at],
    [`${conflict.device_name}'s`, conflict.theirs, conflict.theirs_at],
  ]
  return (
    <>
      <div className="three-way" role="table" aria-label="The three versions">
        <div role="row">
          <span role="columnheader" aria-label="What" />
          {sides.map(([title, , at]) => (
            <span role="columnheader" key={title} className="two-lines">
              <strong>{title}</strong>
              <span>{at ? <Instant at={at} /> : ' '}</span>
            </span>
          ))}
        </div>
        {FIELDS.map(([field, label]) => {
          const differs = conflict.fields.includes(field)
          return (
            <div role="row" key={field} className={differs ? 'differs' : ''}>
              <span role="rowheader">{label}</span>
              {sides.map(([title, facts]) => (
                <span role="cell" key={title}>
                  {valueOf(facts, field)}
                </span>
              ))}
            </div>
          )
        })}
      </div>
      <p className="muted">{conflict.rule}.</p>
    </>
  )
}
