import { useSearchParams } from 'react-router'

/** A drawer that an address can open (`?add=1`), so other pages can link straight into it. */
export function useAddFlag(): [boolean, (open: boolean) => void] {
  const [params, setParams] = useSearchParams()
  const set = (open: boolean) =>
    setParams(
      (current) => {
        const next = new URLSearchParams(current)
        if (open) next.set('add', '1')
        else next.delete('add')
        return next
      },
      { replace: true },
    )
  return [params.get('add') === '1', set]
}
