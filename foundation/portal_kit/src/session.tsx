import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { fetchAnswer, onSignedOut, readJson } from './api.ts'
import { BrandMark } from './BrandMark.tsx'
import { ErrorPanel } from './ErrorPanel.tsx'
import { asProblem } from './problem.ts'

type Ended = 'expired' | 'signed_out'

const WAS_SIGNED_IN = 'punctual.was-signed-in'
const ORGANISATION_NAME = 'punctual.organisation-name'
const SIGNED_OUT_EVENT = 'punctual:signed-out'

/** End the session here and at the server; the sign-in page takes over. */
export async function signOut(): Promise<void> {
  await fetchAnswer(new Request('/auth/logout', { method: 'POST' }))
  window.dispatchEvent(new Event(SIGNED_OUT_EVENT))
}

/** Remember the name for the sign-in page, which has no session to ask. Kept per origin, so per organisation. */
export function rememberOrganisationName(name: string): void {
  localStorage.setItem(ORGANISATION_NAME, name)
}

const SENTENCES: Record<Ended, string> = {
  expired: 'Your session has ended. Sign in again to go on where you were.',
  signed_out: 'You have signed out.',
}

type SignInPageProps = { ended: Ended | null; title: string; note: string; otherwise?: ReactNode }

function SignInPage({ ended, title, note, otherwise }: SignInPageProps) {
  const { pathname, search } = window.location
  const query = new URLSearchParams(search)
  const refusal = query.get('sign_in_error')
  query.delete('sign_in_error')
  const rest = query.toString()
  const next = ended === 'signed_out' ? '/' : `${pathname}${rest ? `?${rest}` : ''}`
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <div className="sign-in-brand">
          <BrandMark /> Punctual
        </div>
        <h1>{localStorage.getItem(ORGANISATION_NAME) ?? title}</h1>
        <p className="sign-in-note">{note}</p>
        <div role="status">
          {refusal ? (
            <p className="sign-in-message">Sign-in did not finish: {refusal.slice(0, 200)}</p>
          ) : (
            ended && <p className="sign-in-message">{SENTENCES[ended]}</p>
          )}
        </div>
        <Button type="primary" size="large" block href={`/auth/login?next=${encodeURIComponent(next)}`}>
          Sign in
        </Button>
        {otherwise}
      </div>
    </main>
  )
}

type GateProps<S> = {
  /** Shown on the sign-in page until the organisation's own name is known. */
  title: string
  note: string
  /** Under the button: another way in, if there is one. */
  otherwise?: ReactNode
  children: (session: S) => ReactNode
}

/** Shows the portal to somebody signed in, the sign-in page to anybody else, from any page and at any moment. */
export function SessionGate<S>({ title, note, otherwise, children }: GateProps<S>) {
  const client = useQueryClient()
  const [ended, setEnded] = useState<Ended | null>(null)
  const session = useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => readJson<S>('/api/session', {}, signal),
    staleTime: 60_000,
    refetchInterval: ended ? false : 300_000,
    retry: (count, error) => asProblem(error).status !== 401 && count < 2,
  })
  const signedIn = session.data !== undefined && !ended

  useEffect(() => {
    if (signedIn) sessionStorage.setItem(WAS_SIGNED_IN, 'yes')
  }, [signedIn])

  useEffect(() => {
    const end = (why: Ended) => {
      const was = sessionStorage.getItem(WAS_SIGNED_IN)
      sessionStorage.removeItem(WAS_SIGNED_IN)
      if (was) setEnded((current) => current ?? why)
    }
    const leave = () => end('signed_out')
    window.addEventListener(SIGNED_OUT_EVENT, leave)
    const unsubscribe = onSignedOut(() => end('expired'))
    return () => {
      window.removeEventListener(SIGNED_OUT_EVENT, leave)
      unsubscribe()
    }
  }, [])

  useEffect(() => {
    // What the last person saw must not flash up for the next one.
    if (ended) client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
  }, [ended, client])

  if (ended) return <SignInPage ended={ended} title={title} note={note} otherwise={otherwise} />
  if (session.data !== undefined) return children(session.data)
  if (session.isError) {
    if (asProblem(session.error).status === 401)
      return <SignInPage ended={null} title={title} note={note} otherwise={otherwise} />
    return (
      <main className="sign-in">
        <div className="sign-in-card">
          <ErrorPanel error={session.error} onRetry={() => void session.refetch()} />
        </div>
      </main>
    )
  }
  return (
    <main className="page" aria-busy="true" aria-label="Loading">
      <Skeleton active paragraph={{ rows: 6 }} />
    </main>
  )
}
