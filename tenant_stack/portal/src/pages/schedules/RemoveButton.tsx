import { ConfirmButton, listKey } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { useCan } from '../../session.ts'

type Props = {
  /** The list that is read again afterwards. */
  path: string
  remove: () => Promise<unknown>
  question: string
  what: string
}

/** Remove one row of a list of the calendar. */
export function RemoveButton({ path, remove, question, what }: Props) {
  const can = useCan()
  const client = useQueryClient()
  if (!can('attendance:update')) return null
  const removeRow = async () => {
    await remove()
    await client.invalidateQueries({ queryKey: listKey(path) })
  }
  return (
    <ConfirmButton
      size="small"
      question={question}
      consequence="Days that are computed already stay as they are until somebody processes them again."
      confirmLabel="Remove"
      refusal={`${what} was not removed`}
      action={removeRow}
      aria-label={`Remove ${what}`}
    >
      Remove
    </ConfirmButton>
  )
}
