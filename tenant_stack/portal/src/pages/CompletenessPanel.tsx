import { Age, Chip, Facts, Instant, Panel, type Fact, type Tone } from '@punctual/portal-kit'
import { Skeleton } from 'antd'
import type { Completeness } from '../api/clocks.ts'

const STATE: Record<Completeness['state'], [Tone, string]> = {
  unknown: ['idle', 'Not compared yet'],
  equal: ['ok', 'Complete'],
  missing: ['bad', 'Punches missing'],
  full_ring: ['warn', 'Cannot be proven'],
  unsaid: ['warn', 'Cannot be proven'],
}

const count = (value: number | null) => (value === null ? 'not told' : value.toLocaleString('en'))

function facts(facts: Completeness): Fact[] {
  const number = (value: number) => <span className="number">{value.toLocaleString('en')}</span>
  const items: Fact[] = [
    { label: 'Lines received', value: number(facts.received) },
    { label: 'Stored as punches', value: number(facts.stored) },
    { label: 'Known already', value: number(facts.duplicate) },
    { label: 'In quarantine', value: number(facts.quarantined) },
    { label: 'Last shown complete', value: <Instant at={facts.verified_at} /> },
  ]
  if (facts.until_local) items.push({ label: 'Compared up to', value: `${facts.until_local} (${facts.zone})` })
  if (facts.explained !== 0) {
    items.push({
      label: 'No punches of their own',
      value: (
        <span title="Lines the clock holds twice; negative after its log was cleared">{number(facts.explained)}</span>
      ),
    })
  }
  if (facts.differs_since) items.push({ label: 'Differs since', value: <Age at={facts.differs_since} /> })
  if (facts.next_check_at) items.push({ label: 'Next comparison', value: <Instant at={facts.next_check_at} /> })
  return items
}

/** “On the clock 41,233 · stored 41,233 · checked 02:10”, and every line that ever came, accounted for. */
export function CompletenessPanel({ completeness }: { completeness: Completeness | undefined }) {
  if (!completeness) {
    return (
      <Panel title="Is everything here?">
        <Skeleton active title={false} paragraph={{ rows: 3 }} />
      </Panel>
    )
  }
  const [tone, words] = STATE[completeness.state]
  return (
    <Panel title="Is everything here?" extra={<Chip tone={tone}>{words}</Chip>}>
      <div className="panel-text">
        {completeness.checked_at && (
          <p className="completeness-line">
            On the clock <strong className="number">{count(completeness.on_clock)}</strong> · held here{' '}
            <strong className="number">{count(completeness.held)}</strong> · checked{' '}
            <Age at={completeness.checked_at} />
          </p>
        )}
        <p className="muted">{completeness.sentence}.</p>
        <Facts items={facts(completeness)} />
      </div>
    </Panel>
  )
}
