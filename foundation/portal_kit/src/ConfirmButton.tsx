import { App, Button, type ButtonProps } from 'antd'
import { useState, type ReactNode } from 'react'
import { asProblem } from './problem.ts'

type Props = ButtonProps & {
  question: string
  consequence: ReactNode
  confirmLabel: string
  /** What the person reads when the server refuses, before the server's own sentence. */
  refusal: string
  action: () => Promise<void>
}

/** Asks before doing something that cannot be undone; a refusal (a 409, say) is shown in the server's own sentence. */
export function ConfirmButton({ question, consequence, confirmLabel, refusal, action, ...button }: Props) {
  const { modal } = App.useApp()
  const [busy, setBusy] = useState(false)
  const ask = () =>
    modal.confirm({
      title: question,
      content: consequence,
      okText: confirmLabel,
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      onOk: async () => {
        setBusy(true)
        try {
          await action()
        } catch (error) {
          const problem = asProblem(error)
          modal.error({ title: refusal, content: problem.detail })
        } finally {
          setBusy(false)
        }
      },
    })
  return <Button danger loading={busy} {...button} onClick={() => void ask()} />
}
