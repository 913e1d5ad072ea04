/** `from` and `to` in minutes after the midnight that begins the day; `to` may lie beyond 1440. */
export type BarSpan = { from: number; to: number; kind: 'shift' | 'window' | 'break' | 'worked'; words: string }

const TICK_EVERY = 360
const two = (number: number) => String(number).padStart(2, '0')
const tick = (minute: number) => `${two(Math.floor((minute % 1440) / 60))}:00`

/** Stretches of one day on a bar of 24 hours (or as long as the last stretch needs); the words say the same. */
export function DayBar({ spans, label, axis = true }: { spans: BarSpan[]; label: string; axis?: boolean }) {
  const begins = Math.min(0, ...spans.map((span) => Math.floor(span.from / TICK_EVERY) * TICK_EVERY))
  const ends = Math.max(1440, ...spans.map((span) => Math.ceil(span.to / TICK_EVERY) * TICK_EVERY))
  const share = (minutes: number) => `${(minutes / (ends - begins)) * 100}%`
  const ticks = Array.from({ length: (ends - begins) / TICK_EVERY + 1 }, (_, index) => begins + index * TICK_EVERY)
  return (
    <figure className="day-bar">
      <div className="day-track" aria-hidden="true">
        {ticks.slice(1, -1).map((minute) => (
          <span
            key={minute}
            className={minute % 1440 === 0 ? 'day-line day-midnight' : 'day-line'}
            style={{ left: share(minute - begins) }}
          />
        ))}
        {spans.map((span) => (
          <span
            key={`${span.kind}${span.from}-${span.to}`}
            className={`day-span day-${span.kind}`}
            title={span.words}
            style={{ left: share(span.from - begins), width: share(span.to - span.from) }}
          />
        ))}
      </div>
      {axis && (
        <div className="day-axis" aria-hidden="true">
          {ticks.map((minute) => (
            <span key={minute} style={{ left: share(minute - begins) }}>
              {tick(minute + 1440)}
            </span>
          ))}
        </div>
      )}
      <figcaption className="visually-hidden">
        {label}: {spans.map((span) => span.words).join('; ')}
      </figcaption>
    </figure>
  )
}
