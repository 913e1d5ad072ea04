import { api } from '@punctual/portal-kit'
import type { Version } from '../../api/schedules.ts'

/** A version from a date on; one that begins on the same date is replaced, because a day has only one. */
export async function saveVersion<D>(path: string, known: Version<D>[], version: Version<D>): Promise<void> {
  const { effective, definition } = version
  const there = known.find((each) => each.effective === effective)
  if (there?.id) await api.put(`${path}/${there.id}`, { effective, definition })
  else await api.post(path, { effective, definition })
}
