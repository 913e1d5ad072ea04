import { Alert, Button, Input } from 'antd'
import { useState } from 'react'
import type { RuleDefinition } from '../../api/schedules.ts'

type Props = { read: () => RuleDefinition; write: (definition: RuleDefinition) => void }

/** Everything a rule set can say, as JSON: for the rules that the form has no fields for. */
export function RulesAsText({ read, write }: Props) {
  const [text, setText] = useState<string | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const apply = () => {
    try {
      const value: unknown = JSON.parse(text ?? '')
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('this is not an object')
      write(value as RuleDefinition)
      setWrong(null)
      setText(null)
    } catch (error) {
      setWrong(error instanceof Error ? error.message : 'this is not JSON')
    }
  }
  if (text === null) {
    return (
      <Button type="link" className="flat-link" onClick={() => setText(JSON.stringify(read(), null, 2))}>
        Everything as text (premiums, limits of anomalies and the rest)
      </Button>
    )
  }
  return (
    <div className="input-rows">
      <Input.TextArea
        aria-label="Rules as JSON"
        className="code-area"
        rows={18}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {wrong && <Alert type="error" showIcon title={`It cannot be read: ${wrong}`} />}
      <span className="actions">
        <Button onClick={apply}>Put into the form</Button>
        <Button type="text" onClick={() => setText(null)}>
          Close
        </Button>
      </span>
    </div>
  )
}
