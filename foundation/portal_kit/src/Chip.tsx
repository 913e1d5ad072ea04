import type { ReactNode } from 'react'

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'busy' | 'note'

/** A state in words, with a mark whose shape (not only its colour) differs from tone to tone. */
export function Chip({ tone, children, title }: { tone: Tone; children: ReactNode; title?: string | undefined }) {
  return (
    <span className={`chip chip-${tone}`} title={title}>
      <span className="chip-mark" aria-hidden="true" />
      {children}
    </span>
  )
}
