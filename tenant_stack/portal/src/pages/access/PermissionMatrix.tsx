import { Checkbox } from 'antd'

/** Names of the API, and what the portal calls them. */
const WORDS: Record<string, string> = { devices: 'clocks', clients: 'API clients' }
const wordFor = (resource: string) => WORDS[resource] ?? resource

type Props = {
  matrix: Record<string, string[]>
  /** What the person may tick: nobody gives what they do not hold. */
  offered: (permission: string) => boolean
  value?: string[]
  onChange?: (value: string[]) => void
}

/** Resource × action as boxes; a form field. */
export function PermissionMatrix({ matrix, offered, value = [], onChange }: Props) {
  const actions = [...new Set(Object.values(matrix).flat())]
  const toggle = (permission: string, on: boolean) =>
    onChange?.(on ? [...value, permission] : value.filter((each) => each !== permission))
  return (
    <div className="matrix-scroll">
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">May</th>
            {actions.map((action) => (
              <th key={action} scope="col">
                {action}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Object.entries(matrix).map(([resource, known]) => (
            <tr key={resource}>
              <th scope="row">{wordFor(resource)}</th>
              {actions.map((action) => {
                const permission = `${resource}:${action}`
                return (
                  <td key={action}>
                    {known.includes(action) && (
                      <Checkbox
                        aria-label={`${wordFor(resource)}: ${action}`}
                        checked={value.includes(permission)}
                        disabled={!onChange || !offered(permission)}
                        onChange={(event) => toggle(permission, event.target.checked)}
                      />
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
