import { App } from 'antd'
import { useState } from 'react'
import { asProblem } from './problem.ts'

/** Run one thing a person asked for: `busy` meanwhile, and a failure said in plain words. Answers whether it worked. */
export function useAction() {
  const { notification } = App.useApp()
  const [busy, setBusy] = useState(false)
  const run = async (whatFailed: string, action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true)
    try {
      await action()
      return true
    } catch (error) {
      const problem = asProblem(error)
      const id = problem.correlationId ? ` (correlation id ${problem.correlationId})` : ''
      notification.error({ title: whatFailed, description: `${problem.detail}${id}`, duration: 8 })
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, run }
}
