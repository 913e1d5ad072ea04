import { counted } from '@punctual/portal-kit'
const HOURS = Array.from({ length: 24 }, (_, hour) => hour)
const two = (hour: number) => String(hour).padStart(2, '0')

function summary(counts: number[]): string {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return 'No punches today yet.'
  const peak = counts.indexOf(Math.max(...counts))
  return `${counted(total, 'punch', 'punches')} today; most between ${two(peak)}:00 and ${two(peak + 1)}:00 (${counts[peak]}).`
}

/** Punches in each hour of the site's day: bars for the eye, a sentence and a table for everybody. */
export function HourChart({ bars }: { bars: { hour: number; count: number }[] }) {
  const counts = HOURS.map((hour) => bars.find((bar) => bar.hour === hour)?.count ?? 0)
  const most = Math.max(1, ...counts)
  return (
    <figure className="hours">
      <div className="hours-bars" aria-hidden="true">
        {HOURS.map((hour) => (
          <div key={hour} className="hours-slot" title={`${two(hour)}:00 – ${counts[hour]}`}>
            <div className="hours-bar" style={{ height: `${((counts[hour] ?? 0) / most) * 100}%` }} />
          </div>
        ))}
      </div>
      <div className="hours-axis" aria-hidden="true">
        {[0, 6, 12, 18].map((hour) => (
          <span key={hour}>{two(hour)}:00</span>
        ))}
      </div>
      <figcaption>{summary(counts)}</figcaption>
      <details>
        <summary>Show as table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Hour</th>
              <th scope="col">Punches</th>
            </tr>
          </thead>
          <tbody>
            {HOURS.filter((hour) => (counts[hour] ?? 0) > 0).map((hour) => (
              <tr key={hour}>
                <th scope="row">{two(hour)}:00</th>
                <td>{counts[hour]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}
