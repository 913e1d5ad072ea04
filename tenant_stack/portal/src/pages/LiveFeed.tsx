import { EmptyState, shortDate } from '@punctual/portal-kit'
import { useRef, useState } from 'react'
import { Link } from 'react-router'
import type { PunchLog } from '../api/types.ts'
import { FlagChips, punchedBy, spoken } from '../words.tsx'

function Row({ punch, today, isNew }: { punch: PunchLog; today: string; isNew: boolean }) {
  const date = punch.local_time.slice(0, 10)
  return (
    <li className={isNew ? 'punch is-new' : 'punch'} data-testid="live-punch">
      <span className="punch-time">
        <span className="number">{punch.local_time.slice(11)}</span>
        <span className="zone">{date === today ? punch.zone : `${shortDate(date)} · ${punch.zone}`}</span>
      </span>
      <span className="punch-who">
        {punch.staff_id ? (
          <Link to={`/staff/${punch.staff_id}`}>{punchedBy(punch)}</Link>
        ) : (
          <strong>{punchedBy(punch)}</strong>
        )}
        <span className="punch-how">
          <span className="nowrap">{spoken(punch.status_name)}</span>
          <span className="nowrap">{spoken(punch.verify_name)}</span>
        </span>
      </span>
      <span className="punch-where">
        <Link to={`/devices/${punch.device_id}`}>{punch.device_name}</Link>
        <FlagChips flags={punch.flags} />
      </span>
    </li>
  )
}

/**
 * The newest punches. A new one appears on top at once, unless the person has scrolled down to read: then the list
 * holds still and says how many are waiting.
 */
export function LiveFeed({ punches, today }: { punches: PunchLog[]; today: string }) {
  const box = useRef<HTMLUListElement>(null)
  const [first] = useState(() => new Set(punches.map((punch) => punch.id)))
  const [held, setHeld] = useState<PunchLog[] | null>(null)
  const shown = held ?? punches
  const heldIds = new Set(held?.map((punch) => punch.id))
  const waiting = held ? punches.filter((punch) => !heldIds.has(punch.id)).length : 0

  const follow = () => {
    setHeld(null)
    box.current?.scrollTo({ top: 0 })
  }
  const onScroll = () => {
    const away = (box.current?.scrollTop ?? 0) > 8
    if (away && !held) setHeld(punches)
    if (!away && held) setHeld(null)
  }

  return (
    <div className="feed">
      {waiting > 0 && (
        <button type="button" className="news feed-news" onClick={follow}>
          {waiting} new – show
        </button>
      )}
      <ul
        ref={box}
        className="feed-list"
        onScroll={onScroll}
        data-testid="live-feed"
        aria-live="polite"
        aria-relevant="additions"
        aria-label="Punches as they come, newest first"
        tabIndex={0}
      >
        {shown.map((punch) => (
          <Row key={punch.id} punch={punch} today={today} isNew={!first.has(punch.id)} />
        ))}
      </ul>
      {shown.length === 0 && (
        <EmptyState
          title="No punches yet"
          hint="The next punch on any approved clock appears here within two seconds."
        />
      )}
    </div>
  )
}
