import { createContext, use, useSyncExternalStore, type ReactNode } from 'react'
import { ageText, instantIn, knownZone } from './zoned.ts'

const Zone = createContext('UTC')

/** The zone that instants below are shown in: the organisation's, or UTC where nobody has a home. */
export function ZoneProvider({ zone, children }: { zone: string; children: ReactNode }) {
  return <Zone value={knownZone(zone)}>{children}</Zone>
}

export const useZone = () => use(Zone)

const tickers = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(notify: () => void): () => void {
  tickers.add(notify)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const tick of tickers) tick()
  }, 5_000)
  return () => {
    tickers.delete(notify)
    if (tickers.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The time of day as a value that changes every 5 s, shared by everything that shows an age. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

/** An instant in the surrounding zone, with the zone's name. */
export function Instant({
  at,
  zone,
  seconds = true,
}: {
  at: string | null | undefined
  zone?: string
  seconds?: boolean
}) {
  const home = useZone()
  if (!at) return <span className="muted">–</span>
  const shown = knownZone(zone ?? home)
  return (
    <time dateTime={at} className="instant">
      {instantIn(shown, at, seconds)} <span className="zone">{shown}</span>
    </time>
  )
}

/** "3 min ago"; the exact instant and its zone are in the title. */
export function Age({ at, never = 'never' }: { at: string | null | undefined; never?: string }) {
  const zone = useZone()
  const current = useNow()
  if (!at) return <span className="muted">{never}</span>
  return (
    <time dateTime={at} className="nowrap" title={`${instantIn(zone, at)} ${zone}`}>
      {ageText(at, Math.max(current, Date.now()))}
    </time>
  )
}

/** Wall time as a device told it: shown as it is, next to the zone of its site. */
export function WallTime({ local, zone, timeOnly = false }: { local: string; zone: string; timeOnly?: boolean }) {
  return (
    <span className="instant" title={`${local} ${zone}`}>
      {timeOnly ? local.slice(11) : local} <span className="zone">{zone}</span>
    </span>
  )
}
