import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { AppearanceProvider } from './appearance.tsx'
import { asProblem } from './problem.ts'
import './kit.css'

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // Only failures that may pass by themselves are tried again unasked.
        retry: (count, error) => {
          const { status } = asProblem(error)
          return count < 2 && (status === 0 || status >= 502)
        },
      },
    },
  })
}

/** Put a portal into the page's `#root`. */
export function mountPortal(portal: ReactNode): void {
  const root = document.getElementById('root')
  if (!root) throw new Error('index.html has no #root')
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <AppearanceProvider>{portal}</AppearanceProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
}
