import { Chip } from '@punctual/portal-kit'
import type { Progress } from '../../api/groups.ts'

/** "212 of 240 confirmed", and what keeps the rest. */
export function ProgressWords({ progress }: { progress: Progress }) {
  const { wanted, confirmed, waiting, failed, contested } = progress
  if (wanted === 0) return <span className="muted">Nobody belongs here yet</span>
  return (
    <span className="flags">
      <Chip tone={confirmed === wanted ? 'ok' : 'busy'}>{`${confirmed} of ${wanted} confirmed`}</Chip>
      {waiting > 0 && <span className="muted">{waiting} on the way</span>}
      {failed > 0 && <Chip tone="bad">{`${failed} failed`}</Chip>}
      {contested > 0 && <Chip tone="warn">{`${contested} to decide`}</Chip>}
    </span>
  )
}
