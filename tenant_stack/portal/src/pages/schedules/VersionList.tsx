import { Chip, shortDate } from '@punctual/portal-kit'
import type { ReactNode } from 'react'
import type { Version } from '../../api/schedules.ts'

/** "from Sun 1 Nov 2026", "from the beginning". */
export function sinceWords(effective: string | null): string {
  return effective ? `from ${shortDate(effective)} ${effective.slice(0, 4)}` : 'from the beginning'
}

/** Which version holds on a day. */
export function versionOn<D>(versions: Version<D>[], day: string): Version<D> | undefined {
  return versions.findLast((version) => !version.effective || version.effective <= day)
}

type Props<D> = { versions: Version<D>[]; today: string; heading?: string; words: (version: Version<D>) => ReactNode }

/** What held when, the latest first. */
export function VersionList<D>({ versions, today, heading, words }: Props<D>) {
  const current = versionOn(versions, today)
  return (
    <section className="versions" aria-label="Versions">
      {heading && <h3>{heading}</h3>}
      <ul>
        {versions.toReversed().map((version) => (
          <li key={version.effective ?? ''}>
            {words(version)}
            {version === current ? (
              <Chip tone="ok">Holds now</Chip>
            ) : (
              version.effective && version.effective > today && <Chip tone="note">Will hold</Chip>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
