import { useLive, type LiveState } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useMemo, useRef, type ReactNode } from 'react'
import type { LiveMessage } from './api/types.ts'
import { useCan } from './session.ts'

type Listener = (messages: LiveMessage[]) => void

const State = createContext<LiveState>({ phase: 'connecting', lastHeardAt: null })
const Subscribe = createContext<(listener: Listener) => () => void>(() => () => undefined)

/** The portal's one socket: pages listen through `useLiveMessages`. None for somebody who may not read attendance. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const can = useCan()
  return can('attendance:read') ? <Connected>{children}</Connected> : children
}

function Connected({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const listeners = useRef(new Set<Listener>())
  const state = useLive<LiveMessage>('/api/live', {
    onMessages: (messages) => {
      for (const listener of listeners.current) listener(messages)
    },
    onReconnect: () => void client.invalidateQueries({ type: 'active' }),
    onRefused: () => void client.invalidateQueries({ queryKey: ['session'] }),
  })
  const subscribe = useMemo(
    () => (listener: Listener) => {
      listeners.current.add(listener)
      return () => void listeners.current.delete(listener)
    },
    [],
  )
  return (
    <Subscribe value={subscribe}>
      <State value={state}>{children}</State>
    </Subscribe>
  )
}

export const useLiveState = () => use(State)

export function useLiveMessages(listener: Listener): void {
  const subscribe = use(Subscribe)
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => subscribe((messages) => latest.current(messages)), [subscribe])
}
