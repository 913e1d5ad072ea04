import type { Version } from '../../api/schedules.ts'

type Calls<D> = {
  add: (version: Version<D>) => Promise<unknown>
  replace: (versionId: string, version: Version<D>) => Promise<unknown>
}

/** A version from a date on; one that begins on the same date is replaced, because a day has only one. */
export async function saveVersion<D>(
  known: Version<D>[],
  version: Version<D>,
  { add, replace }: Calls<D>,
): Promise<void> {
  const same = known.find((each) => each.effective === version.effective)
  await (same?.id ? replace(same.id, version) : add(version))
}
