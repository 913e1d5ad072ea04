import { createContext, use } from 'react'
import type { Session } from './api/types.ts'

const Current = createContext<Session | null>(null)

export const SessionProvider = Current.Provider

export function useSession(): Session {
  const session = use(Current)
  if (!session) throw new Error('useSession outside the session gate')
  return session
}
