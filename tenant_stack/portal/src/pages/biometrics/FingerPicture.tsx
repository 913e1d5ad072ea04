/** Two hands seen from above, palms down; the finger in question is filled. */

const HEIGHTS = [34, 48, 54, 50, 26]

function finger(number: number) {
  const right = number > 4
  const nth = right ? 9 - number : number
  const height = HEIGHTS[nth] ?? 40
  const x = right ? 214 - nth * 20 : 6 + nth * 20
  const thumb = nth === 4
  return { x, y: thumb ? 74 : 66 - height, height, thumb }
}

export function FingerPicture({ finger: wanted }: { finger: number | null }) {
  return (
    <svg viewBox="0 0 236 130" className="finger-picture" aria-hidden="true">
      {[6, 134].map((x, hand) => (
        <rect key={x} x={x + (hand ? 20 : 0)} y="64" width="76" height="56" rx="18" className="hand" />
      ))}
      {Array.from({ length: 10 }, (_, number) => {
        const { x, y, height } = finger(number)
        return (
          <rect
            key={number}
            x={x}
            y={y}
            width="16"
            height={height}
            rx="8"
            className={number === wanted ? 'finger wanted' : 'finger'}
          />
        )
      })}
    </svg>
  )
}
