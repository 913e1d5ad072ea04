import { App, ConfigProvider } from 'antd'
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import { darkTheme, lightTheme } from './theme.ts'
import { useMedia } from './useMedia.ts'

export type Choice = 'system' | 'light' | 'dark'

const KEPT_AS = 'punctual.appearance'

function keptChoice(): Choice {
  const kept = localStorage.getItem(KEPT_AS)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

/** The nonce the back end put into this answer; antd needs it on the style elements it inserts. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
}

/**
 * antd passes the nonce to its theme styles, but two helpers below it (scroll lock, scrollbar width) insert a style
 * element without one, which a strict policy refuses. Give it to every style element this page's own code creates.
 */
function lendNonceToStyles(nonce: string): void {
  const create = document.createElement.bind(document)
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options)
    if (nonce && name.toLowerCase() === 'style') element.nonce = nonce
    return element
  }) as typeof document.createElement
}

const nonce = styleNonce()
lendNonceToStyles(nonce)
const CSP = { nonce }

const Appearance = createContext<{ choice: Choice; choose: (choice: Choice) => void }>({
  choice: 'system',
  choose: () => undefined,
})

export const useAppearance = () => use(Appearance)

/** Colours follow the system unless the person chose otherwise; the choice stays in this browser. */
export function AppearanceProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState<Choice>(keptChoice)
  const systemDark = useMedia('(prefers-color-scheme: dark)')
  const dark = choice === 'system' ? systemDark : choice === 'dark'

  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  }, [dark])

  const value = useMemo(
    () => ({
      choice,
      choose: (next: Choice) => {
        localStorage.setItem(KEPT_AS, next)
        setChoice(next)
      },
    }),
    [choice],
  )
  return (
    <Appearance value={value}>
      <ConfigProvider csp={CSP} theme={dark ? darkTheme : lightTheme} button={{ autoInsertSpace: false }}>
        <App notification={{ placement: 'bottomLeft', maxCount: 3, pauseOnHover: true }}>{children}</App>
      </ConfigProvider>
    </Appearance>
  )
}
